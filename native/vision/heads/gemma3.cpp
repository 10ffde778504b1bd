#include "vision/heads/gemma3.h"

#include "ggml.h"

namespace medgemma {
namespace {

// The mean over squares of pool_size x pool_size neighbouring patches: (grid * grid, n_embd) -> (n_tokens, n_embd).
ggml_tensor * average_pool(ggml_context * g, const Gemma3HeadConfig & c, ggml_tensor * x) {
    const int pool = static_cast<int>(c.pool_size);
    ggml_tensor * planes = ggml_reshape_3d(g, ggml_cont(g, ggml_transpose(g, x)), c.grid, c.grid, c.n_embd);
    ggml_tensor * pooled = ggml_pool_2d(g, planes, GGML_OP_POOL_AVG, pool, pool, pool, pool, 0.0F, 0.0F);
    return ggml_cont(g, ggml_transpose(g, ggml_reshape_2d(g, pooled, c.n_tokens(), c.n_embd)));
}

} // namespace

ggml_tensor * forward(ggml_context * g, const Gemma3Head & head, ggml_tensor * features, Stages & stages) {
    ggml_tensor * x = average_pool(g, head.config, features);
    stages.push_back({"pooled", x});
    x = ggml_mul(g, ggml_rms_norm(g, x, head.config.norm_eps), head.token_norm);
    ggml_tensor * tokens = ggml_mul_mat(g, head.projection, x);
    stages.push_back({"image tokens", tokens});
    return tokens;
}

} // namespace medgemma
