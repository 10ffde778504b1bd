// Brings the weights of a projector file to a device, in the order and the types that its operators want.
#pragma once

#include <functional>
#include <vector>

#include "vision/mmproj.h"
#include "vision/siglip.h"

namespace medgemma {

class WeightLoader {
public:
    // Tensors are made in `context`, without storage. `packs`: for our CPU kernels; otherwise for ggml's operators.
    WeightLoader(ggml_context * context, const Config & config, bool packs);

    // Bytes that `context` needs.
    static size_t context_bytes(const Config & config);

    // All of them, without storage yet. The projector must live until they are copied.
    Weights describe(const Projector & projector);

    // Throws MODEL_CORRUPT. Once a device has given storage to the tensors. Pages of the file that were read are given back as
    // it goes.
    void copy_all() const;

private:
    ggml_tensor * floats(const StoredTensor & stored);
    ggml_tensor * concatenated_floats(const std::vector<StoredTensor> & parts, int64_t part_size);
    ggml_tensor * transposed_floats(const StoredTensor & stored);
    Norm norm(const StoredNorm & stored);
    Linear linear(const StoredLinear & stored);
    Linear embedding(const StoredLinear & stored);
    Linear qkv(const StoredLayer & layer);
    Linear packed(const std::vector<StoredTensor> & parts, WeightType type, const CpuKernels & kernels, ggml_tensor * bias);
    Linear plain(const std::vector<StoredTensor> & parts, WeightType type, int64_t part_rows, ggml_tensor * bias);
    void check_later(const StoredTensor & stored) {
        later([=, projector = projector_] { projector->require_finite(stored); });
    }
    void check_later(const std::vector<StoredTensor> & parts) {
        for (const StoredTensor & part : parts) {
            check_later(part);
        }
    }
    void later(std::function<void()> copy) { copies_.push_back(std::move(copy)); }

    ggml_context * context_;
    const Config config_;
    const bool packs_;
    const Projector * projector_ = nullptr;
    std::vector<std::function<void()>> copies_;
};

} // namespace medgemma
