// The two heavy operations of the image tower on a CPU, matrix product and attention, for one instruction set.
//
// Every instruction set has the same set of functions, made from one template (tiled.h). They compute blocks: who calls them
// shares the blocks among threads. All sums are in F32. Matrices are row-major; sizes may be any number.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vision/weight-type.h"

namespace medgemma {

// Where a packed matrix, a packed head or scratch memory must begin.
inline constexpr size_t kKernelAlignment = 64;

// Heads may have so many dimensions; mmproj.cpp refuses files with more.
inline constexpr int64_t kMaxHeadSize = 256;

// A weight matrix (out, in) in the order that a kernel reads it in.
struct PackedMatrix {
    WeightType type;
    int64_t in;
    int64_t out;
    const uint8_t * bytes;
};

// y = x W^T + bias, with what stands before and behind it in the tower, so that no value makes a way to memory for it:
// a layer norm of x; GELU (the tanh form); a residual that is added.
struct LinearJob {
    PackedMatrix weight;
    const float * bias; // (out)
    const float * x; // (rows, in)
    const float * norm_weight; // (in), or null: x as it is
    const float * norm_bias; // (in)
    float norm_epsilon;
    bool gelu;
    const float * residual; // (rows, out), or null
    float * y; // (rows, out)
    int64_t rows;
};

// y = softmax(q k^T / sqrt(head size)) v for every head, without a mask.
struct AttentionJob {
    const float * qkv; // (n, 3, heads, head_size)
    uint8_t * packed; // heads * packed_head_bytes: keys and values, in the kernel's order
    float * y; // (n, heads, head_size)
    int64_t n;
    int64_t heads;
    int64_t head_size;
};

struct CpuKernels {
    const char * name; // "avx512-bf16", …
    bool rounds; // factors are rounded to BF16; otherwise they are F32

    // The type that weights have once they are packed: the file's, but F16 becomes BF16 where factors are rounded to it.
    WeightType (*packed_type)(WeightType type);
    size_t (*packed_bytes)(WeightType type, int64_t in, int64_t out);
    // Packs rows `first` … `first + count` of a matrix (out, in). `rows`: as in the file, of these rows alone; `type`: the
    // file's.
    void (*pack)(
        WeightType type, int64_t in, int64_t out, int64_t first, int64_t count, const uint8_t * rows, uint8_t * packed);

    // How many rows of x are best done at once, when they are shared among `threads`.
    int64_t (*linear_block)(int64_t in, int64_t rows, int threads);
    size_t (*linear_scratch)(int64_t in, int64_t block);
    void (*linear)(const LinearJob & job, int64_t first, int64_t count, uint8_t * scratch);

    size_t (*packed_head_bytes)(int64_t n, int64_t head_size);
    int64_t key_block; // keys that are packed at once
    void (*pack_keys)(const AttentionJob & job, int64_t first, int64_t count);
    int64_t attention_block; // queries that are best done at once
    size_t (*attention_scratch)(int64_t head_size);
    void (*attention)(const AttentionJob & job, int64_t head, int64_t first, int64_t count, uint8_t * scratch);

    // The inner loop alone, on factors that lie in the innermost cache: how fast products can be at all.
    // Returns the number of floating-point operations.
    size_t product_scratch;
    double (*products)(int64_t repeats, uint8_t * scratch);
};

// The kernels that this processor can run, the fastest first. The last is plain C++, which runs anywhere.
// MEDGEMMA_CPU_KERNELS=avx2 (…) leaves out what is faster than the named one.
struct KernelList {
    const CpuKernels * const * first;
    size_t count;
};
KernelList cpu_kernels();

// The fastest for weights of this type: those in F32 are multiplied in F32.
const CpuKernels & cpu_kernels_for(WeightType type);

} // namespace medgemma
