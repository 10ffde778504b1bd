// What towers and heads are made of, as nodes of a ggml graph. Two makers: ggml's own operators, for GPUs; our kernels, for
// the CPU.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "vision/kernels/kernels.h"

struct ggml_context;
struct ggml_tensor;

namespace medgemma {

// Shapes are (rows, width), row-major: width is ggml's ne[0].

struct Linear {
    ggml_tensor * weight; // (out, in), or bytes packed for `kernels`
    ggml_tensor * bias; // (out)
    WeightType type;
    int64_t in;
    int64_t out;
    const CpuKernels * kernels; // null: ggml's own
};

struct Norm {
    ggml_tensor * weight; // (width)
    ggml_tensor * bias; // (width)
    float epsilon;
};

// What is fused with a matrix product: its prologue and epilogue.
struct Fusion {
    const Norm * norm = nullptr; // before the product
    bool gelu = false; // after it
    ggml_tensor * residual = nullptr; // added last
};

class Operators {
public:
    virtual ~Operators() = default;

    // (rows, in) -> (rows, out)
    virtual ggml_tensor * linear(ggml_context * graph, const Linear & w, ggml_tensor * x, const Fusion & fusion) = 0;
    // Every row looks at every row, in each head on its own: softmax(q k^T / sqrt(head size)) v.
    // (n, 3 * heads * stored head size) -> (n, heads * head size)
    virtual ggml_tensor * attention(ggml_context * graph, ggml_tensor * qkv, int64_t heads, int64_t head_size) = 0;

    // Call before the graph is computed: gets memory for `threads`; `is_aborted` is asked from any of them.
    virtual void prepare(int threads, std::function<bool()> is_aborted) = 0;
};

// A layer norm that no product follows, on any device.
ggml_tensor * layer_norm(ggml_context * graph, const Norm & w, ggml_tensor * x);

// How the device wants attention; the result is the same.
struct GgmlAttention {
    bool fused; // one operation, instead of a score matrix of n * n for every head
    bool half_keys; // the fused operation of GPUs takes keys and values in F16
};
std::unique_ptr<Operators> ggml_operators(const GgmlAttention & attention);

// ggml's operators take heads padded with zeros to this stored size, since its fast attention kernels want whole SIMD
// registers: SigLIP's 72 becomes 80. Our kernels take heads of any size as they are.
constexpr int64_t padded_head_size(int64_t head_size) {
    return (head_size + 15) / 16 * 16;
}

// `attention`: the kernels that compute it.
std::unique_ptr<Operators> cpu_operators(const CpuKernels & attention);

// Where packed bytes begin in a tensor that has kKernelAlignment bytes to spare.
uint8_t * packed_bytes_of(ggml_tensor * tensor);

} // namespace medgemma
