#include "vision/siglip.h"

#include <string>

namespace medgemma {

SiglipOutput forward(ggml_context * g, const Siglip & tower, Operators & ops, ggml_tensor * patches, Stages & stages) {
    const SiglipConfig & c = tower.config;
    SiglipOutput result{};

    // A convolution whose stride is its size is one matrix product over the patches: (n_patches, n_embd).
    ggml_tensor * x = ops.linear(g, tower.patch_embedding, patches, {.residual = tower.position_embedding});
    stages.push_back({"patch embedding", x});

    for (const SiglipLayer & layer : tower.layers) {
        ggml_tensor * qkv = ops.linear(g, layer.qkv, x, {.norm = &layer.ln1});
        x = ops.linear(g, layer.out, ops.attention(g, qkv, c.n_heads, c.head_size()), {.residual = x});
        ggml_tensor * hidden = ops.linear(g, layer.fc1, x, {.norm = &layer.ln2, .gelu = true}); // (n_patches, n_ff)
        x = ops.linear(g, layer.fc2, hidden, {.residual = x});
        result.layer_ends.push_back(x);
        stages.push_back({"layer " + std::to_string(result.layer_ends.size()), x});
    }
    result.features = layer_norm(g, tower.post_norm, x);
    stages.push_back({"post norm", result.features});
    return result;
}

} // namespace medgemma
