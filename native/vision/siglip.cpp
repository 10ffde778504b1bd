#include "vision/siglip.h"

#include <cmath>

#include "ggml.h"

namespace medgemma {
namespace {

ggml_tensor * linear(ggml_context * g, const Linear & w, ggml_tensor * x) {
    return ggml_add(g, ggml_mul_mat(g, w.weight, x), w.bias);
}

ggml_tensor * layer_norm(ggml_context * g, const Norm & w, ggml_tensor * x, float eps) {
    return ggml_add(g, ggml_mul(g, ggml_norm(g, x, eps), w.weight), w.bias);
}

// Every patch looks at every patch, in each head on its own: softmax(q k^T / sqrt(head size)) v.
ggml_tensor * attention(ggml_context * g, const Config & c, const LayerWeights & w, const Kernels & kernels, ggml_tensor * x) {
    const int64_t d = c.padded_head_size();
    const int64_t n = c.n_patches();
    const float scale = 1.0F / std::sqrt(static_cast<float>(c.head_size())); // of the true size: the padding adds zeros

    const auto heads = [&](const Linear & projection) { // (n, heads * d) -> (heads, n, d)
        return ggml_permute(g, ggml_reshape_3d(g, linear(g, projection, x), d, c.n_heads, n), 0, 2, 1, 3);
    };
    ggml_tensor * q = heads(w.q);
    ggml_tensor * k = heads(w.k);
    ggml_tensor * v = heads(w.v);

    ggml_tensor * mixed = nullptr; // (n, heads, d)
    if (kernels.flash_attention) {
        if (kernels.half_keys) {
            k = ggml_cast(g, k, GGML_TYPE_F16);
            v = ggml_cast(g, v, GGML_TYPE_F16);
        }
        mixed = ggml_flash_attn_ext(g, q, k, v, nullptr, scale, 0.0F, 0.0F);
        ggml_flash_attn_ext_set_prec(mixed, GGML_PREC_F32);
    } else {
        ggml_tensor * scores = ggml_soft_max_ext(g, ggml_mul_mat(g, k, q), nullptr, scale, 0.0F); // (heads, n, n)
        ggml_tensor * columns = ggml_cont(g, ggml_permute(g, v, 1, 0, 2, 3)); // (heads, d, n)
        mixed = ggml_cont(g, ggml_permute(g, ggml_mul_mat(g, columns, scores), 0, 2, 1, 3));
    }
    if (d != c.head_size()) { // drop the zeros again: (n, heads, d) -> (n, heads, head size)
        mixed = ggml_cont(g, ggml_view_3d(g, mixed, c.head_size(), c.n_heads, n, mixed->nb[1], mixed->nb[2], 0));
    }
    return linear(g, w.out, ggml_reshape_2d(g, mixed, c.n_embd, n));
}

ggml_tensor * feed_forward(ggml_context * g, const LayerWeights & w, ggml_tensor * x) {
    return linear(g, w.fc2, ggml_gelu(g, linear(g, w.fc1, x))); // ggml_gelu is the tanh form, as SigLIP's
}

// The mean over squares of pool_size x pool_size neighbouring patches: (n_patches, n_embd) -> (n_tokens, n_embd).
ggml_tensor * average_pool(ggml_context * g, const Config & c, ggml_tensor * x) {
    const int pool = static_cast<int>(c.pool_size);
    ggml_tensor * planes = ggml_reshape_3d(g, ggml_cont(g, ggml_transpose(g, x)), c.grid(), c.grid(), c.n_embd);
    ggml_tensor * pooled = ggml_pool_2d(g, planes, GGML_OP_POOL_AVG, pool, pool, pool, pool, 0.0F, 0.0F);
    return ggml_cont(g, ggml_transpose(g, ggml_reshape_2d(g, pooled, c.n_tokens(), c.n_embd)));
}

} // namespace

Forward forward(ggml_context * g, const Config & c, const Weights & w, const Kernels & kernels, ggml_tensor * patches) {
    Forward result{};
    const auto stage = [&](const std::string & name, ggml_tensor * tensor) { result.stages.push_back({name, tensor}); };

    // A convolution whose stride is its size is one matrix product over the patches.
    ggml_tensor * x = ggml_add(g, linear(g, w.patch_embedding, patches), w.position_embedding); // (n_patches, n_embd)
    stage("patch embedding", x);

    for (const LayerWeights & layer : w.layers) {
        x = ggml_add(g, x, attention(g, c, layer, kernels, layer_norm(g, layer.ln1, x, c.norm_eps)));
        x = ggml_add(g, x, feed_forward(g, layer, layer_norm(g, layer.ln2, x, c.norm_eps)));
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
