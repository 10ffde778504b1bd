#include "vision/siglip.h"

#include "ggml.h"

namespace medgemma {
namespace {

// The mean over squares of pool_size x pool_size neighbouring patches: (n_patches, n_embd) -> (n_tokens, n_embd).
ggml_tensor * average_pool(ggml_context * g, const Config & c, ggml_tensor * x) {
    const int pool = static_cast<int>(c.pool_size);
    ggml_tensor * planes = ggml_reshape_3d(g, ggml_cont(g, ggml_transpose(g, x)), c.grid(), c.grid(), c.n_embd);
    ggml_tensor * pooled = ggml_pool_2d(g, planes, GGML_OP_POOL_AVG, pool, pool, pool, pool, 0.0F, 0.0F);
    return ggml_cont(g, ggml_transpose(g, ggml_reshape_2d(g, pooled, c.n_tokens(), c.n_embd)));
}

} // namespace

Forward forward(ggml_context * g, const Config & c, const Weights & w, Operators & ops, ggml_tensor * patches) {
    Forward result{};
    const auto stage = [&](const std::string & name, ggml_tensor * tensor) { result.stages.push_back({name, tensor}); };

    // A convolution whose stride is its size is one matrix product over the patches.
    ggml_tensor * x = ops.linear(g, w.patch_embedding, patches, {.residual = w.position_embedding}); // (n_patches, n_embd)
    stage("patch embedding", x);

    for (const LayerWeights & layer : w.layers) {
        ggml_tensor * mixed = ops.attention(g, ops.linear(g, layer.qkv, x, {.norm = &layer.ln1}));
        x = ops.linear(g, layer.out, mixed, {.residual = x});
        ggml_tensor * hidden = ops.linear(g, layer.fc1, x, {.norm = &layer.ln2, .gelu = true}); // (n_patches, n_ff)
        x = ops.linear(g, layer.fc2, hidden, {.residual = x});
        result.layer_ends.push_back(x);
        stage("layer " + std::to_string(result.layer_ends.size()), x);
    }
    x = layer_norm(g, w.post_norm, x, c.norm_eps);
    stage("post norm", x);

    // Gemma 3's projector: pool, normalise, project into the text model's embedding space.
    x = average_pool(g, c, x); // (n_tokens, n_embd)
    stage("pooled", x);
    x = ggml_mul(g, ggml_rms_norm(g, x, c.norm_eps), w.token_norm);
    result.tokens = ggml_mul_mat(g, w.projection, x); // (n_tokens, n_projection)
    stage("image tokens", result.tokens);
    return result;
}

} // namespace medgemma
