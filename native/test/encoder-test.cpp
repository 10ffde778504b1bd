#include "vision/encoder.h"

#include <algorithm>
#include <fstream>

#include "test/noise.h"
#include "test/test.h"
#include "test/tiny-projector.h"

namespace medgemma::test {
namespace {

const auto never = [] { return false; };
const auto silent = [](int64_t, int64_t) {};

std::vector<float> encode(const Projector & projector, std::span<const uint8_t> pixels, int threads = 2) {
    return Encoder(projector, {false, threads}).encode(pixels, never, silent);
}

std::vector<float> encode_tiny(const TinyProjector & tiny) {
    const TemporaryFile file(tiny.bytes());
    return encode(Projector(file.path()), noise(28 * 28 * 3, 5));
}

// The smallest cosine between rows of the two: 1 means the same direction for every image token.
double min_cosine(const std::vector<float> & a, const std::vector<float> & b, size_t width) {
    check(a.size() == b.size() && a.size() % width == 0, "of different sizes");
    double smallest = 1.0;
    for (size_t row = 0; row < a.size(); row += width) {
        double ab = 0.0;
        double aa = 0.0;
        double bb = 0.0;
        for (size_t i = row; i < row + width; ++i) {
            ab += static_cast<double>(a[i]) * b[i];
            aa += static_cast<double>(a[i]) * a[i];
            bb += static_cast<double>(b[i]) * b[i];
        }
        smallest = std::min(smallest, ab / std::sqrt(aa * bb));
    }
    return smallest;
}

double largest_difference(const std::vector<float> & a, const std::vector<float> & b) {
    check(a.size() == b.size(), "of different sizes");
    double largest = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
    }
    return largest;
}

std::vector<float> read_floats(const std::string & name) {
    std::ifstream file(fixture(name), std::ios::binary | std::ios::ate);
    check(file.good(), "cannot open " + name);
    std::vector<float> values(static_cast<size_t>(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(reinterpret_cast<char *>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    check(file.good(), "cannot read " + name);
    return values;
}

// demo-tokens.f32 and demo-stages.f32 hold what transformers computes from the same noise (scripts/reference/stages.py).
// The tolerances are some ten times what was measured with AVX-512, AVX2 and plain code.
const Test equals_transformers("encoder equals transformers on the demo model", [] {
    const std::vector<float> tokens = encode(Projector(demo_model("mmproj-F32.gguf")), noise(224 * 224 * 3, 11));
    const std::vector<float> expected = read_floats("demo-tokens.f32");
    const double cosine = min_cosine(tokens, expected, 192);
    const double difference = largest_difference(tokens, expected);
    check(cosine >= 0.999999, "cosine " + std::to_string(cosine));
    check(difference <= 1e-4, "difference " + std::to_string(difference));
});

const Test stages_equal_transformers("encoder equals transformers at every stage", [] {
    constexpr size_t kEvery = 97; // of a stage's values, one in so many is in the file
    const std::vector<float> expected = read_floats("demo-stages.f32");
    Encoder encoder(Projector(demo_model("mmproj-F32.gguf")), {false, 1});
    const std::vector<StageValues> stages = encoder.encode_stages(noise(224 * 224 * 3, 11), never);
    check(stages.size() == 1 + 4 + 3, "has " + std::to_string(stages.size()) + " stages");
    size_t at = 0;
    for (const StageValues & stage : stages) {
        double largest = 0.0;
        for (size_t i = 0; i < stage.values.size(); i += kEvery) {
            check(at < expected.size(), stage.name + ": more values than expected");
            largest = std::max(largest, std::abs(static_cast<double>(stage.values[i]) - expected[at++]));
        }
        check(largest <= 1e-4, stage.name + ": difference " + std::to_string(largest));
    }
    check(at == expected.size(), "fewer values than expected");
    check(stages.back().values == encoder.encode(noise(224 * 224 * 3, 11), never, silent), "other tokens than encode");
});

// The graph that a GPU gets, computed by ggml's CPU backend. Its GELU is a table of F16.
const Test ggml_equals_transformers("encoder equals transformers with ggml's own operators", [] {
    const Projector projector(demo_model("mmproj-F32.gguf"));
    const std::vector<float> tokens = Encoder(projector, {false, 1, true}).encode(noise(224 * 224 * 3, 11), never, silent);
    const std::vector<float> expected = read_floats("demo-tokens.f32");
    const double cosine = min_cosine(tokens, expected, 192);
    const double difference = largest_difference(tokens, expected);
    check(cosine >= 0.99999, "cosine " + std::to_string(cosine));
    check(difference <= 1e-2, "difference " + std::to_string(difference));
    check(difference > 1e-5, "these are our own kernels");
});

// tiny-tokens.f32: the same from a tower of random weights, then with embeddings so small that the epsilons matter.
const Test random_weights("encoder equals transformers on random weights, tiny activations included", [] {
    const std::vector<float> expected = read_floats("tiny-tokens.f32");
    TinyProjector small;
    small.shrink_embeddings();
    std::vector<float> tokens = encode_tiny(TinyProjector());
    const std::vector<float> small_tokens = encode_tiny(small);
    tokens.insert(tokens.end(), small_tokens.begin(), small_tokens.end());
    const double difference = largest_difference(tokens, expected);
    check(difference <= 2e-4, "difference " + std::to_string(difference));
});

const Test weight_types("encoder takes F16, BF16 and Q8_0 weights", [] {
    const std::vector<float> exact = encode_tiny(TinyProjector());
    const std::map<WeightType, double> limits{
        {WeightType::F16, 0.99999}, {WeightType::BF16, 0.9999}, {WeightType::Q8_0, 0.999}};
    for (const auto & [type, min] : limits) {
        const std::vector<float> tokens = encode_tiny(TinyProjector(type));
        const double cosine = min_cosine(tokens, exact, 64);
        check(cosine >= min, std::string(name_of(type)) + ": cosine " + std::to_string(cosine));
        check(largest_difference(tokens, exact) > 0.0, std::string(name_of(type)) + " gives exactly the numbers of F32");
    }
});

const Test old_layouts("encoder understands fused q, k, v and swapped feed-forward names", [] {
    const std::vector<float> expected = encode_tiny(TinyProjector());
    TinyProjector fused;
    fused.fuse_qkv();
    check(encode_tiny(fused) == expected, "fused: other numbers");
    TinyProjector swapped;
    swapped.swap_ffn();
    check(encode_tiny(swapped) == expected, "swapped: other numbers");
});

const Test repeatable("encoder gives the same numbers again, with any number of threads", [] {
    const TemporaryFile file(TinyProjector().bytes());
    const Projector projector(file.path());
    const auto pixels = noise(28 * 28 * 3, 5);
    const std::vector<float> once = encode(projector, pixels, 1);
    check(encode(projector, pixels, 1) == once, "another run: other numbers");
    check(largest_difference(encode(projector, pixels, 4), once) < 1e-5, "four threads: other numbers");
});

const Test progress("encoder reports every layer in order", [] {
    const TemporaryFile file(TinyProjector().bytes());
    std::vector<int64_t> reported;
    Encoder(Projector(file.path()), {false, 1}).encode(noise(28 * 28 * 3, 5), never, [&](int64_t done, int64_t total) {
        reported.push_back(done * 10 + total);
    });
    check(reported == std::vector<int64_t>{12, 22}, "wrong reports");
});

const Test aborts("encoder stops when it is asked to, and works again", [] {
    Encoder encoder(Projector(demo_model("mmproj-F32.gguf")), {false, 1});
    const auto pixels = noise(224 * 224 * 3, 11);
    const std::vector<float> expected = encoder.encode(pixels, never, silent);
    check_throws("ABORTED", "", [&] {
        encoder.encode(
            pixels, [] { return true; }, silent);
    });
    bool stop = false;
    int64_t layers = 0;
    check_throws("ABORTED", "", [&] {
        encoder.encode(
            pixels, [&] { return stop; },
            [&](int64_t done, int64_t) {
                layers = done;
                stop = done == 2;
            });
    });
    check(layers == 2, "stopped after layer " + std::to_string(layers));
    check(encoder.encode(pixels, never, silent) == expected, "other numbers after an abort");
});

const Test wrong_pixels("encoder refuses images of another size", [] {
    const TemporaryFile file(TinyProjector().bytes());
    Encoder encoder(Projector(file.path()), {false, 1});
    check_throws("INVALID_ARGUMENT", "2352", [&] { encoder.encode(noise(28 * 28, 5), never, silent); });
});

const Test no_numbers("encoder refuses weights that are not numbers, and names the tensor", [] {
    for (const char * name : {"v.post_ln.bias", "v.position_embd.weight", "mm.input_projection.weight", "v.blk.1.attn_k.bias",
                              "v.blk.0.attn_q.weight", "v.patch_embd.weight"}) {
        TinyProjector tiny;
        tiny.tensors.at(name).values.back() = NAN;
        const TemporaryFile file(tiny.bytes());
        check_throws("MODEL_CORRUPT", name, [&] { Encoder(Projector(file.path()), {false, 1}); });
    }
    for (const WeightType type : {WeightType::F32, WeightType::F16, WeightType::BF16, WeightType::Q8_0}) {
        TinyProjector tiny(type);
        tiny.tensors.at("v.blk.1.ffn_up.weight").values.front() = INFINITY;
        const TemporaryFile file(tiny.bytes());
        check_throws("MODEL_CORRUPT", "v.blk.1.ffn_up.weight", [&] { Encoder(Projector(file.path()), {false, 1}); });
    }
});

const Test overflows("encoder says so when numbers overflow", [] {
    TinyProjector tiny;
    for (const char * name : {"mm.soft_emb_norm.weight", "mm.input_projection.weight"}) {
        for (float & value : tiny.tensors.at(name).values) {
            value = 1e38F;
        }
    }
    const TemporaryFile file(tiny.bytes());
    Encoder encoder(Projector(file.path()), {false, 1});
    check_throws("INTERNAL", "not numbers", [&] { encoder.encode(noise(28 * 28 * 3, 5), never, silent); });
});

const Test counts_memory("encoder counts its memory before it loads", [] {
    const EncoderMemory memory = memory_needed(Projector(demo_model("mmproj-F32.gguf")), false);
    check(memory.weight_bytes > 11000000 && memory.weight_bytes < 14000000, "weights " + std::to_string(memory.weight_bytes));
    check(memory.work_bytes > 500000 && memory.work_bytes < 10000000, "work " + std::to_string(memory.work_bytes));
    // Heads of 72 become 80 there.
    const EncoderMemory on_gpu = memory_needed(Projector(demo_model("mmproj-F32.gguf")), true);
    check(on_gpu.weight_bytes > memory.weight_bytes && on_gpu.weight_bytes < memory.weight_bytes * 11 / 10,
          "weights on a GPU " + std::to_string(on_gpu.weight_bytes));
});

} // namespace
} // namespace medgemma::test
