#include <cmath>

#include "ggml.h"
#include "vision/operators.h"

namespace medgemma {
namespace {

class GgmlOperators : public Operators {
public:
    explicit GgmlOperators(const GgmlAttention & attention) : attention_(attention) {}

    ggml_tensor * linear(ggml_context * g, const Linear & w, ggml_tensor * x, const Fusion & fusion) override {
        if (fusion.norm != nullptr) {
            x = layer_norm(g, *fusion.norm, x);
        }
        x = ggml_add(g, ggml_mul_mat(g, w.weight, x), w.bias);
        if (fusion.gelu) {
            x = ggml_gelu(g, x); // the tanh form, as SigLIP's
        }
        return fusion.residual == nullptr ? x : ggml_add(g, x, fusion.residual);
    }

    ggml_tensor * attention(ggml_context * g, ggml_tensor * qkv, int64_t n_heads, int64_t head_size) override {
        const int64_t d = padded_head_size(head_size);
        const int64_t n = qkv->ne[1];
        const float scale = 1.0F / std::sqrt(static_cast<float>(head_size)); // by the true size: the padding adds zeros
        const auto heads = [&](size_t which) { // (n, 3 * heads * d) -> (heads, n, d)
            const size_t row = static_cast<size_t>(n_heads * d) * sizeof(float);
            ggml_tensor * part =
                ggml_view_3d(g, qkv, d, n_heads, n, static_cast<size_t>(d) * sizeof(float), 3 * row, which * row);
            return ggml_permute(g, part, 0, 2, 1, 3);
        };
        ggml_tensor * q = heads(0);
        ggml_tensor * k = heads(1);
        ggml_tensor * v = heads(2);

        ggml_tensor * mixed = nullptr; // (n, heads, d)
        if (attention_.fused) {
            if (attention_.half_keys) {
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
        if (d != head_size) { // drop the zeros again: (n, heads, d) -> (n, heads, head size)
            mixed = ggml_cont(g, ggml_view_3d(g, mixed, head_size, n_heads, n, mixed->nb[1], mixed->nb[2], 0));
        }
        return ggml_reshape_2d(g, mixed, n_heads * head_size, n);
    }

    void prepare(int, std::function<bool()>) override {} // the scheduler does all that

private:
    const GgmlAttention attention_;
};

} // namespace

ggml_tensor * layer_norm(ggml_context * g, const Norm & w, ggml_tensor * x) {
    return ggml_add(g, ggml_mul(g, ggml_norm(g, x, w.epsilon), w.weight), w.bias);
}

std::unique_ptr<Operators> ggml_operators(const GgmlAttention & attention) {
    return std::make_unique<GgmlOperators>(attention);
}

} // namespace medgemma
