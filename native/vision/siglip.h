// The SigLIP image tower and Gemma 3's projector as a ggml graph: the mathematics, and nothing about files or devices.
#pragma once

#include <string>
#include <vector>

#include "vision/config.h"

struct ggml_context;
struct ggml_tensor;

namespace medgemma {

// Shapes are (rows, width), row-major: width is ggml's ne[0]. d = padded head size, so heads * d >= n_embd.

struct Linear {
    ggml_tensor * weight; // (out, in)
    ggml_tensor * bias; // (out)
};

struct Norm {
    ggml_tensor * weight; // (n_embd)
    ggml_tensor * bias; // (n_embd)
};

struct LayerWeights {
    Norm ln1, ln2;
    Linear q, k, v; // (heads * d, n_embd): every head's rows followed by zero rows up to d
    Linear out; // (n_embd, n_embd)
    Linear fc1; // (n_ff, n_embd)
    Linear fc2; // (n_embd, n_ff)
};

struct Weights {
    Linear patch_embedding; // (n_embd, 3 * patch * patch)
    ggml_tensor * position_embedding; // (n_patches, n_embd)
    std::vector<LayerWeights> layers;
    Norm post_norm;
    ggml_tensor * token_norm; // (n_embd)
    ggml_tensor * projection; // (n_projection, n_embd): the transpose of the file's matrix
};

// Where the device decides how something is computed; the result is the same.
struct Kernels {
    bool flash_attention; // one fused operation, instead of a score matrix of n_patches * n_patches for every head
    bool half_keys; // the fused operation of GPUs takes keys and values in F16
};

// A value on the way that has a name in the paper, to be compared with other implementations.
struct Stage {
    std::string name;
    ggml_tensor * tensor; // (rows, width)
};

struct Forward {
    ggml_tensor * tokens; // (n_tokens, n_projection)
    std::vector<ggml_tensor *> layer_ends; // output of each layer: where progress is reported and an abort can happen
    std::vector<Stage> stages; // in order; the last is `tokens`
};

// patches: (n_patches, 3 * patch * patch), F32, row by row of the picture; in a patch channel, y, x as in the kernel.
Forward forward(
    ggml_context * graph, const Config & config, const Weights & weights, const Kernels & kernels, ggml_tensor * patches);

} // namespace medgemma
