// The hyper-parameters of a SigLIP image tower with Gemma 3's projector, as the projector file gives them.
#pragma once

#include <array>
#include <cstdint>

namespace medgemma {

struct Config {
    int64_t image_size; // side of the square picture in pixels
    int64_t patch_size; // side of a patch in pixels
    int64_t n_embd; // width of the tower
    int64_t n_ff; // inner width of the feed-forward blocks
    int64_t n_layers;
    int64_t n_heads;
    int64_t pool_size; // patches along one side that are averaged into one image token
    int64_t n_projection; // width of an image token = hidden size of the text model
    float norm_eps;
    std::array<float, 3> image_mean;
    std::array<float, 3> image_std;

    int64_t grid() const { return image_size / patch_size; } // patches along one side
    int64_t n_patches() const { return grid() * grid(); }
    int64_t n_tokens() const { return (grid() / pool_size) * (grid() / pool_size); }
    int64_t patch_values() const { return 3 * patch_size * patch_size; }
    int64_t head_size() const { return n_embd / n_heads; }
    // ggml's fast attention kernels want heads in whole SIMD registers; SigLIP's 72 becomes 80 by zeros.
    int64_t padded_head_size() const { return (head_size() + 15) / 16 * 16; }
};

} // namespace medgemma
