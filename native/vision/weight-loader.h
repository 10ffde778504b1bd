// Brings the weights of a projector file to a device, in the order and the types that its operators want.
#pragma once

#include <functional>
#include <vector>

#include "vision/heads/gemma3.h"
#include "vision/mmproj.h"
#include "vision/siglip.h"

namespace medgemma {

class WeightLoader {
public:
    // Tensors are made in `context`, without storage. The projector must live until they are copied.
    // `packs`: for our CPU kernels; otherwise for ggml's operators.
    WeightLoader(ggml_context * context, const Projector & projector, bool packs);

    // Bytes that `context` needs.
    static size_t context_bytes(const Projector & projector);

    // The tensors of each, without storage yet.
    Siglip tower();
    Gemma3Head head();

    // Fills the tensors, once a device has given them storage. Throws MODEL_CORRUPT. Pages of the file that were read are given
    // back as it goes.
    void copy_all() const;

private:
    ggml_tensor * floats(const StoredTensor & stored);
    ggml_tensor * concatenated_floats(const std::vector<StoredTensor> & parts, int64_t part_size);
    ggml_tensor * transposed_floats(const StoredTensor & stored);
    Norm norm(const StoredNorm & stored, float epsilon);
    Linear linear(const StoredLinear & stored);
    Linear embedding(const StoredLinear & stored);
    Linear qkv(const StoredSiglipLayer & layer);
    Linear packed(const std::vector<StoredTensor> & parts, WeightType type, const CpuKernels & kernels, ggml_tensor * bias);
    Linear plain(const std::vector<StoredTensor> & parts, WeightType type, int64_t part_rows, ggml_tensor * bias);
    void check_later(const StoredTensor & stored) {
        later([=, &projector = projector_] { projector.require_finite(stored); });
    }
    void check_later(const std::vector<StoredTensor> & parts) {
        for (const StoredTensor & part : parts) {
            check_later(part);
        }
    }
    void later(std::function<void()> copy) { copies_.push_back(std::move(copy)); }

    ggml_context * context_;
    const Projector & projector_;
    const bool packs_;
    std::vector<std::function<void()>> copies_;
};

} // namespace medgemma
