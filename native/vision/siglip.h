// The SigLIP image tower, until its last layer norm: the mathematics, and nothing about files, devices, kernels or heads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "vision/operators.h"
#include "vision/stage.h"

namespace medgemma {

struct SiglipConfig {
    int64_t image_size; // side of the square in pixels
    int64_t patch_size; // side of a patch in pixels
    int64_t n_embd; // width of the tower
    int64_t n_ff; // inner width of the feed-forward blocks
    int64_t n_layers;
    int64_t n_heads;
    float norm_eps;
    std::array<float, 3> image_mean;
    std::array<float, 3> image_std;

    int64_t grid() const { return image_size / patch_size; } // patches along one side
    int64_t n_patches() const { return grid() * grid(); }
    int64_t patch_values() const { return 3 * patch_size * patch_size; }
    int64_t head_size() const { return n_embd / n_heads; }
};

struct SiglipLayer {
    Norm ln1, ln2;
    Linear qkv; // (3 * heads * stored head size, n_embd): queries, keys, values, of every head one after another
    Linear out; // (n_embd, n_embd)
    Linear fc1; // (n_ff, n_embd)
    Linear fc2; // (n_embd, n_ff)
};

struct Siglip {
    SiglipConfig config;
    Linear patch_embedding; // (n_embd, 3 * patch * patch)
    ggml_tensor * position_embedding; // (n_patches, n_embd)
    std::vector<SiglipLayer> layers;
    Norm post_norm;
};

struct SiglipOutput {
    ggml_tensor * features; // (n_patches, n_embd)
    std::vector<ggml_tensor *> layer_ends; // output of each layer: where progress is reported and an abort can happen
};

// patches: (n_patches, 3 * patch * patch), F32, row by row of the image; in a patch channel, y, x as in the kernel.
SiglipOutput forward(ggml_context * graph, const Siglip & tower, Operators & operators, ggml_tensor * patches, Stages & stages);

} // namespace medgemma
