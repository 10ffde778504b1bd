#include "vision/kernels/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "ggml.h"
#include "noise.h"
#include "test.h"
#include "vision/kernels/aligned.h"

// Every set of kernels that this processor can run, against sums in double precision, with sizes that fill no tile and no
// block.

namespace medgemma::test {
namespace {

// -1 to 1
std::vector<float> random_floats(int64_t count, uint32_t seed) {
    const std::vector<uint8_t> bytes = noise(static_cast<size_t>(count) * 2, seed);
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(bytes[2 * i] * 256 + bytes[2 * i + 1]) / 32767.5F - 1.0F;
    }
    return values;
}

// Memory that begins where kernels want it.
class Aligned {
public:
    explicit Aligned(size_t bytes) : memory_(bytes + kKernelAlignment, 0xff) {} // 0xff: NaN where nothing was written
    uint8_t * begin() { return aligned_begin(memory_.data()); }

private:
    std::vector<uint8_t> memory_;
};

const char * name_of_type(WeightType type) {
    return ggml_type_name(static_cast<ggml_type>(type));
}

// Weights as a file has them, and the values that they then have.
struct StoredMatrix {
    std::vector<uint8_t> bytes;
    std::vector<float> values;

    StoredMatrix(WeightType type, int64_t in, int64_t out, uint32_t seed) {
        const auto ggml = static_cast<ggml_type>(type);
        values = random_floats(in * out, seed);
        bytes.resize(ggml_row_size(ggml, in) * static_cast<size_t>(out));
        ggml_quantize_chunk(ggml, values.data(), bytes.data(), 0, out, in, nullptr);
        if (type != WeightType::F32) {
            ggml_get_type_traits(ggml)->to_float(bytes.data(), values.data(), in * out);
        }
    }
};

double gelu(double x) {
    return 0.5 * x * (1.0 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

void check_linear(const CpuKernels & kernels, WeightType type, int64_t rows, int64_t in, int64_t out, bool fused) {
    const StoredMatrix stored(type, in, out, 3);
    const std::vector<float> x = random_floats(rows * in, 5);
    const std::vector<float> bias = random_floats(out, 7);
    const std::vector<float> norm_weight = random_floats(in, 11);
    const std::vector<float> norm_bias = random_floats(in, 13);
    const std::vector<float> residual = random_floats(rows * out, 17);
    Aligned packed(kernels.packed_bytes(kernels.packed_type(type), in, out));
    const int64_t half = out / 2; // packed in two goes, as queries, keys and values are
    const size_t row = stored.bytes.size() / static_cast<size_t>(out);
    kernels.pack(type, in, out, 0, half, stored.bytes.data(), packed.begin());
    kernels.pack(type, in, out, half, out - half, stored.bytes.data() + static_cast<size_t>(half) * row, packed.begin());

    std::vector<float> y(static_cast<size_t>(rows * out), NAN);
    LinearJob job{};
    job.weight = {kernels.packed_type(type), in, out, packed.begin()};
    job.bias = bias.data();
    job.x = x.data();
    job.y = y.data();
    job.rows = rows;
    if (fused) {
        job.norm_weight = norm_weight.data();
        job.norm_bias = norm_bias.data();
        job.norm_epsilon = 1e-6F;
        job.gelu = true;
        job.residual = residual.data();
    }
    const int64_t block = kernels.linear_block(in, rows, 2);
    Aligned scratch(kernels.linear_scratch(in, block));
    for (int64_t first = 0; first < rows; first += block) {
        kernels.linear(job, first, std::min(block, rows - first), scratch.begin());
    }

    double largest = 0.0;
    for (int64_t i = 0; i < rows; ++i) {
        std::vector<double> row_values(x.begin() + i * in, x.begin() + (i + 1) * in);
        if (fused) {
            double mean = 0.0;
            for (const double value : row_values) {
                mean += value / static_cast<double>(in);
            }
            double variance = 0.0;
            for (const double value : row_values) {
                variance += (value - mean) * (value - mean) / static_cast<double>(in);
            }
            for (int64_t k = 0; k < in; ++k) {
                row_values[static_cast<size_t>(k)] = (row_values[static_cast<size_t>(k)] - mean) / std::sqrt(variance + 1e-6) *
                                                         norm_weight[static_cast<size_t>(k)] +
                                                     norm_bias[static_cast<size_t>(k)];
            }
        }
        for (int64_t o = 0; o < out; ++o) {
            double sum = bias[static_cast<size_t>(o)];
            double size = 1.0; // of the terms, which an error is relative to
            for (int64_t k = 0; k < in; ++k) {
                const double term = row_values[static_cast<size_t>(k)] * stored.values[static_cast<size_t>(o * in + k)];
                sum += term;
                size += term * term;
            }
            const double expected = fused ? gelu(sum) + residual[static_cast<size_t>(i * out + o)] : sum;
            largest = std::max(largest, std::abs(y[static_cast<size_t>(i * out + o)] - expected) / std::sqrt(size));
            check(std::isfinite(y[static_cast<size_t>(i * out + o)]), "a value is missing");
        }
    }
    // Rounding both factors to BF16 changes a term by up to 2^-8 of itself, at random; F32 by far less.
    const double allowed = kernels.rounds ? 1e-2 : 4e-6;
    check(largest < allowed, std::string(kernels.name) + ", " + name_of_type(type) + ", " + std::to_string(rows) + " rows, " +
                                 std::to_string(in) + " to " + std::to_string(out) + ": error " + std::to_string(largest));
    check(!kernels.rounds || largest > 1e-7, "BF16 factors give exact products");
}

void check_attention(const CpuKernels & kernels, int64_t n, int64_t heads, int64_t d, float scale) {
    std::vector<float> qkv = random_floats(n * 3 * heads * d, 19);
    for (float & value : qkv) {
        value *= scale;
    }
    std::vector<float> y(static_cast<size_t>(n * heads * d), NAN);
    Aligned packed(static_cast<size_t>(heads) * kernels.packed_head_bytes(n, d));
    const AttentionJob job{qkv.data(), packed.begin(), y.data(), n, heads, d};
    for (int64_t first = 0; first < n; first += kernels.key_block) {
        kernels.pack_keys(job, first, std::min(kernels.key_block, n - first));
    }
    Aligned scratch(kernels.attention_scratch(d));
    for (int64_t head = 0; head < heads; ++head) {
        for (int64_t first = 0; first < n; first += kernels.attention_block) {
            kernels.attention(job, head, first, std::min(kernels.attention_block, n - first), scratch.begin());
        }
    }
    double largest = 0.0;
    for (int64_t head = 0; head < heads; ++head) {
        const auto value = [&](int64_t row, int64_t which, int64_t j) {
            return static_cast<double>(qkv[static_cast<size_t>(((row * 3 + which) * heads + head) * d + j)]);
        };
        for (int64_t i = 0; i < n; ++i) {
            std::vector<double> weights(static_cast<size_t>(n));
            double max = -1e300;
            for (int64_t k = 0; k < n; ++k) {
                double score = 0.0;
                for (int64_t j = 0; j < d; ++j) {
                    score += value(i, 0, j) * value(k, 1, j);
                }
                weights[static_cast<size_t>(k)] = score / std::sqrt(static_cast<double>(d));
                max = std::max(max, weights[static_cast<size_t>(k)]);
            }
            double total = 0.0;
            for (double & weight : weights) {
                weight = std::exp(weight - max);
                total += weight;
            }
            for (int64_t j = 0; j < d; ++j) {
                double expected = 0.0;
                for (int64_t k = 0; k < n; ++k) {
                    expected += weights[static_cast<size_t>(k)] / total * value(k, 2, j);
                }
                const float found = y[static_cast<size_t>((i * heads + head) * d + j)];
                check(std::isfinite(found), "a value is missing");
                largest = std::max(largest, std::abs(found - expected) / scale);
            }
        }
    }
    const double allowed = (kernels.rounds ? 1e-2 : 4e-6) * std::max(1.0, static_cast<double>(scale * scale));
    check(largest < allowed, std::string(kernels.name) + ", attention of " + std::to_string(n) + " rows, heads of " +
                                 std::to_string(d) + ", scale " + std::to_string(scale) + ": error " + std::to_string(largest));
}

void with_each(const std::function<void(const CpuKernels &)> & run) {
    const KernelList usable = cpu_kernels();
    check(usable.count > 0 && std::string(usable.first[usable.count - 1]->name) == "portable", "no portable kernels");
    for (size_t i = 0; i < usable.count; ++i) {
        run(*usable.first[i]);
    }
}

const Test linear_sizes("kernels multiply matrices of any size", [] {
    with_each([](const CpuKernels & kernels) {
        for (const int64_t rows : {1, 11, 12, 13, 100, 400}) {
            for (const int64_t in : {1, 2, 15, 16, 17, 31, 588}) {
                check_linear(kernels, WeightType::F32, rows, in, 7, false);
            }
            for (const int64_t out : {2, 31, 32, 33, 70}) {
                check_linear(kernels, WeightType::F32, rows, 37, out, false);
                check_linear(kernels, WeightType::F32, rows, 37, out, true);
            }
        }
    });
});

const Test linear_types("kernels take weights in F16, BF16 and Q8_0", [] {
    with_each([](const CpuKernels & kernels) {
        for (const WeightType type : {WeightType::F16, WeightType::BF16, WeightType::Q8_0}) {
            for (const bool fused : {false, true}) {
                check_linear(kernels, type, 50, 96, 45, fused);
                check_linear(kernels, type, 13, 320, 288, fused);
            }
            if (type != WeightType::Q8_0) {
                check_linear(kernels, type, 29, 41, 50, true);
            }
        }
    });
});

const Test attention_sizes("kernels attend over any number of rows", [] {
    with_each([](const CpuKernels & kernels) {
        for (const int64_t n : {1, 2, 3, 12, 191, 192, 193, 300}) {
            check_attention(kernels, n, 2, 72, 1.0F);
        }
        for (const int64_t d : {1, 5, 16, 64, 71, 80, 256}) {
            check_attention(kernels, 50, 3, d, 1.0F);
        }
    });
});

// Scores far below and above zero must neither vanish nor overflow.
const Test attention_extremes("kernels attend with scores of many hundreds", [] {
    with_each([](const CpuKernels & kernels) { check_attention(kernels, 205, 1, 72, 12.0F); });
});

const Test choice("weights in F32 are never rounded", [] {
    check(!cpu_kernels_for(WeightType::F32).rounds, "they are");
    check(std::string(cpu_kernels_for(WeightType::BF16).name) == cpu_kernels().first[0]->name, "not the fastest for BF16");
});

} // namespace
} // namespace medgemma::test
