// Gemma 3's projector, the head that makes image tokens of the tower's features: pool, normalise, project into the text
// model's embedding space.
#pragma once

#include <cstdint>

#include "vision/stage.h"

struct ggml_context;

namespace medgemma {

struct Gemma3HeadConfig {
    int64_t grid; // patches along one side
    int64_t pool_size; // patches along one side that are averaged into one image token
    int64_t n_embd; // width of the features
    int64_t n_projection; // width of an image token = hidden size of the text model
    float norm_eps;

    int64_t n_tokens() const { return (grid / pool_size) * (grid / pool_size); }
};

struct Gemma3Head {
    Gemma3HeadConfig config;
    ggml_tensor * token_norm; // (n_embd)
    ggml_tensor * projection; // (n_projection, n_embd): the transpose of the file's matrix
};

// features: (grid * grid, n_embd), row by row of the image. Returns (n_tokens, n_projection).
ggml_tensor * forward(ggml_context * graph, const Gemma3Head & head, ggml_tensor * features, Stages & stages);

} // namespace medgemma
