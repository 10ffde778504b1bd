// The SigLIP image tower and Gemma 3's projector: the mathematics, and nothing about files, devices or kernels.
#pragma once

#include <string>
#include <vector>

#include "vision/config.h"
#include "vision/operators.h"

namespace medgemma {

// d = stored head size: with ggml's operators padded with zeros, so heads * d >= n_embd.

struct LayerWeights {
    Norm ln1, ln2;
    Linear qkv; // (3 * heads * d, n_embd): queries, keys, values, of every head one after another
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
    ggml_context * graph, const Config & config, const Weights & weights, Operators & operators, ggml_tensor * patches);

} // namespace medgemma
