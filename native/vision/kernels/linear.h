// y = x W^T + bias, with the layer norm before it and the GELU and residual after it.
#pragma once

#include <cstring>

#include "vision/kernels/instruction-set.h"
#include "vision/kernels/kernels.h"
#include "vision/kernels/math.h"
#include "vision/kernels/pack.h"
#include "vision/kernels/tile.h"

namespace medgemma {
namespace {

template <InstructionSet Isa>
struct LinearKernel {
    using Vec = typename Isa::Vec;
    using Operand = typename Isa::Operand;
    static constexpr int kRows = Isa::kRows;
    static constexpr int kVectors = Isa::kVectors;
    static constexpr int kLanes = Isa::kLanes;
    static constexpr int kColumns = Tile<Isa>::kColumns;

    // Bytes of packed left factor that stay in a core's L2 cache while the right one streams by; with the panel in work they
    // must fit into 512 KiB, which AMD's Zen 1 to 3 have. Measured on an AMD EPYC with 1 MiB, one thread, 4304 -> 1152, in
    // GFLOPS:    KiB   112  448  1792
    //           avx2    62   93   104
    //         avx512    99  105   109
    //    avx512-bf16   214  214   215
    static constexpr int64_t kLeftBytes = 448 * 1024;
    static constexpr int64_t kMaxLeftTiles = 16;

    static int64_t block(int64_t in, int64_t rows, int threads) {
        const int64_t tile_bytes = Tile<Isa>::steps_of(in) * kRows * static_cast<int64_t>(sizeof(Operand));
        const int64_t fitting = max_of(1, min_of(kMaxLeftTiles, kLeftBytes / tile_bytes));
        // Four blocks a thread at least, so that all end at about the same time.
        const int64_t shared = max_of(1, rows / (kRows * 4 * threads));
        return kRows * min_of(fitting, shared);
    }

    static size_t left_bytes(int64_t in, int64_t block) {
        return aligned(static_cast<size_t>(parts_of(block, kRows) * kRows * Tile<Isa>::steps_of(in)) * sizeof(Operand));
    }

    static size_t row_bytes(int64_t in) { return aligned(static_cast<size_t>(parts_of(in, kLanes) * kLanes) * sizeof(float)); }

    static size_t scratch_bytes(int64_t in, int64_t block) {
        return left_bytes(in, block) + row_bytes(in) +
               aligned(static_cast<size_t>(Tile<Isa>::steps_of(in) * kColumns) * sizeof(Operand));
    }

    static void compute(const LinearJob & job, int64_t first, int64_t count, uint8_t * scratch) {
        const int64_t k = job.weight.in;
        const int64_t steps = Tile<Isa>::steps_of(k);
        const int64_t tiles = parts_of(count, kRows);
        auto * left = reinterpret_cast<Operand *>(scratch);
        auto * row = reinterpret_cast<float *>(scratch + left_bytes(k, count));
        auto * buffer = reinterpret_cast<Operand *>(scratch + left_bytes(k, count) + row_bytes(k));

        for (int64_t i = 0; i < tiles * kRows; ++i) {
            Operand * tile = left + i / kRows * kRows * steps;
            if (i >= count) {
                for (int64_t step = 0; step < steps; ++step) {
                    tile[step * kRows + i % kRows] = Operand{};
                }
                continue;
            }
            const float * x = job.x + (first + i) * k;
            if (job.norm_weight == nullptr) {
                std::memcpy(row, x, static_cast<size_t>(k) * sizeof(float));
            } else {
                normalise(job, x, row);
            }
            RowPacking<Isa>::interleave(RowPacking<Isa>::convert(row, k), steps, kRows, i % kRows, tile);
        }

        for (int64_t column = 0; column < job.weight.out; column += kColumns) {
            const Operand * right = WeightPacking<Isa>::operands_of(job.weight, column / kColumns, buffer);
            for (int64_t i = 0; i < tiles; ++i) {
                Tile<Isa> tile;
                tile.clear();
                tile.multiply(left + i * kRows * steps, right, steps);
                finish(job, tile, first + i * kRows, min_of(kRows, count - i * kRows), column);
            }
        }
    }

    // Bias, GELU and residual, and the tile's `rows` rows into y.
    static MEDGEMMA_INLINE void finish(const LinearJob & job, Tile<Isa> & tile, int64_t first, int64_t rows, int64_t column) {
        const int64_t out = job.weight.out;
        const int64_t columns = min_of(kColumns, out - column);
        float padded_bias[kColumns] = {};
        const float * bias = job.bias + column;
        if (columns < kColumns) {
            for (int64_t c = 0; c < columns; ++c) {
                padded_bias[c] = bias[c];
            }
            bias = padded_bias;
        }
        MEDGEMMA_UNROLL
        for (int v = 0; v < kVectors; ++v) {
            const Vec biases = Isa::load(bias + v * kLanes);
            MEDGEMMA_UNROLL
            for (int r = 0; r < kRows; ++r) {
                const Vec value = Isa::add(tile.sum[r][v], biases);
                tile.sum[r][v] = job.gelu ? gelu<Isa>(value) : value;
            }
        }
        MEDGEMMA_UNROLL
        for (int r = 0; r < kRows; ++r) {
            if (r >= rows) {
                continue;
            }
            const int64_t at = (first + r) * out + column;
            if (columns == kColumns) {
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    const Vec value = tile.sum[r][v];
                    const int64_t to = at + v * kLanes;
                    Isa::store(job.y + to, job.residual == nullptr ? value : Isa::add(value, Isa::load(job.residual + to)));
                }
                continue;
            }
            float values[kColumns];
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                Isa::store(values + v * kLanes, tile.sum[r][v]);
            }
            for (int64_t c = 0; c < columns; ++c) {
                job.y[at + c] = values[c] + (job.residual == nullptr ? 0.0F : job.residual[at + c]);
            }
        }
    }

private:
    static void normalise(const LinearJob & job, const float * x, float * row) {
        const int64_t k = job.weight.in;
        const int64_t whole = k / kLanes * kLanes;
        Vec sums = Isa::zero();
        for (int64_t i = 0; i < whole; i += kLanes) {
            sums = Isa::add(sums, Isa::load(x + i));
        }
        float mean = sum_of<Isa>(sums);
        for (int64_t i = whole; i < k; ++i) {
            mean += x[i];
        }
        mean /= static_cast<float>(k);

        const Vec means = Isa::set1(mean);
        sums = Isa::zero();
        for (int64_t i = 0; i < whole; i += kLanes) {
            const Vec centred = Isa::sub(Isa::load(x + i), means);
            sums = Isa::fma(centred, centred, sums);
        }
        float variance = sum_of<Isa>(sums);
        for (int64_t i = whole; i < k; ++i) {
            variance += (x[i] - mean) * (x[i] - mean);
        }
        const float scale = 1.0F / Isa::sqrt(variance / static_cast<float>(k) + job.norm_epsilon);

        const Vec scales = Isa::set1(scale);
        for (int64_t i = 0; i < whole; i += kLanes) {
            const Vec centred = Isa::mul(Isa::sub(Isa::load(x + i), means), scales);
            Isa::store(row + i, Isa::fma(centred, Isa::load(job.norm_weight + i), Isa::load(job.norm_bias + i)));
        }
        for (int64_t i = whole; i < k; ++i) {
            row[i] = (x[i] - mean) * scale * job.norm_weight[i] + job.norm_bias[i];
        }
    }
};

} // namespace
} // namespace medgemma
