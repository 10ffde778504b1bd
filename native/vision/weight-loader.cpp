#include "vision/weight-loader.h"

#include <algorithm>
#include <cstring>

#include "ggml-backend.h"
#include "ggml.h"

namespace medgemma {
namespace {

std::vector<float> floats_of(const StoredTensor & stored) {
    const size_t count = static_cast<size_t>(stored.width * stored.rows);
    std::vector<float> floats(count);
    if (stored.type == WeightType::F32) {
        std::memcpy(floats.data(), stored.bytes.data(), count * sizeof(float));
        return floats;
    }
    // The file may be aligned to single bytes, the conversion wants whole words.
    const std::vector<uint64_t> aligned = [&] {
        std::vector<uint64_t> words(stored.bytes.size() / sizeof(uint64_t) + 1);
        std::memcpy(words.data(), stored.bytes.data(), stored.bytes.size());
        return words;
    }();
    ggml_get_type_traits(static_cast<ggml_type>(stored.type))
        ->to_float(aligned.data(), floats.data(), stored.width * stored.rows);
    return floats;
}

// A tensor's bytes as another type: its own, or F32.
std::vector<uint8_t> bytes_as(const StoredTensor & stored, WeightType type) {
    if (stored.type == type) {
        return {stored.bytes.begin(), stored.bytes.end()};
    }
    const std::vector<float> floats = floats_of(stored);
    std::vector<uint8_t> bytes(floats.size() * sizeof(float));
    std::memcpy(bytes.data(), floats.data(), bytes.size());
    return bytes;
}

} // namespace

WeightLoader::WeightLoader(ggml_context * context, const Projector & projector, bool packs)
    : context_(context), projector_(projector), packs_(packs) {}

size_t WeightLoader::context_bytes(const Projector & projector) {
    return ggml_tensor_overhead() * static_cast<size_t>(16 * projector.tower().config.n_layers + 16);
}

Siglip WeightLoader::tower() {
    const StoredSiglip & stored = projector_.tower();
    const float epsilon = stored.config.norm_eps;
    StoredLinear patch_embedding = stored.patch_embedding;
    patch_embedding.weight.width = stored.config.patch_values(); // a patch is one row for us, a small image in the file
    patch_embedding.weight.rows = stored.config.n_embd;

    Siglip tower{};
    tower.config = stored.config;
    tower.patch_embedding = embedding(patch_embedding);
    tower.position_embedding = floats(stored.position_embedding);
    for (const StoredSiglipLayer & layer : stored.layers) {
        tower.layers.push_back({norm(layer.ln1, epsilon), norm(layer.ln2, epsilon), qkv(layer), linear(layer.out),
                                linear(layer.fc1), linear(layer.fc2)});
    }
    tower.post_norm = norm(stored.post_norm, epsilon);
    return tower;
}

Gemma3Head WeightLoader::head() {
    const StoredGemma3Head & stored = projector_.head();
    return {stored.config, floats(stored.token_norm), transposed_floats(stored.projection)};
}

void WeightLoader::copy_all() const {
    for (const auto & copy : copies_) {
        copy();
    }
}

// Small tensors become F32: it costs little memory and saves conversions in every pass.
ggml_tensor * WeightLoader::floats(const StoredTensor & stored) {
    ggml_tensor * tensor = ggml_new_tensor_2d(context_, GGML_TYPE_F32, stored.width, stored.rows);
    check_later(stored);
    later([=] {
        const std::vector<float> values = floats_of(stored);
        ggml_backend_tensor_set(tensor, values.data(), 0, values.size() * sizeof(float));
    });
    return tensor;
}

// Vectors one after another, each of them in heads that are padded with zeros until it has `part_size` values.
ggml_tensor * WeightLoader::concatenated_floats(const std::vector<StoredTensor> & parts, int64_t part_size) {
    ggml_tensor * tensor = ggml_new_tensor_1d(context_, GGML_TYPE_F32, part_size * static_cast<int64_t>(parts.size()));
    check_later(parts);
    later([=, heads = static_cast<size_t>(projector_.tower().config.n_heads)] {
        std::vector<float> values(static_cast<size_t>(ggml_nelements(tensor)));
        for (size_t i = 0; i < parts.size(); ++i) {
            const std::vector<float> part = floats_of(parts[i]);
            const size_t head = part.size() / heads;
            for (size_t k = 0; k < part.size(); ++k) {
                values[(i * heads + k / head) * (static_cast<size_t>(part_size) / heads) + k % head] = part[k];
            }
        }
        ggml_backend_tensor_set(tensor, values.data(), 0, values.size() * sizeof(float));
    });
    return tensor;
}

ggml_tensor * WeightLoader::transposed_floats(const StoredTensor & stored) {
    ggml_tensor * tensor = ggml_new_tensor_2d(context_, GGML_TYPE_F32, stored.rows, stored.width);
    check_later(stored);
    later([=] {
        const std::vector<float> values = floats_of(stored);
        std::vector<float> transposed(values.size());
        for (int64_t row = 0; row < stored.rows; ++row) {
            for (int64_t column = 0; column < stored.width; ++column) {
                transposed[static_cast<size_t>(column * stored.rows + row)] =
                    values[static_cast<size_t>(row * stored.width + column)];
            }
        }
        ggml_backend_tensor_set(tensor, transposed.data(), 0, transposed.size() * sizeof(float));
    });
    return tensor;
}

Norm WeightLoader::norm(const StoredNorm & stored, float epsilon) {
    return {floats(stored.weight), floats(stored.bias), epsilon};
}

// The large matrices stay in the file's type.
Linear WeightLoader::linear(const StoredLinear & stored) {
    const WeightType type = stored.weight.type;
    ggml_tensor * bias = floats(stored.bias);
    return packs_ ? packed({stored.weight}, type, cpu_kernels_for(type), bias)
                  : plain({stored.weight}, type, stored.weight.rows, bias);
}

// Few products, but pixels have 8 bits, and BF16 would keep 8 of theirs: always in F32.
Linear WeightLoader::embedding(const StoredLinear & stored) {
    ggml_tensor * bias = floats(stored.bias);
    return packs_ ? packed({stored.weight}, stored.weight.type, cpu_kernels_for(WeightType::F32), bias)
                  : plain({stored.weight}, WeightType::F32, stored.weight.rows, bias);
}

Linear WeightLoader::qkv(const StoredSiglipLayer & layer) {
    const SiglipConfig & config = projector_.tower().config;
    const std::vector<StoredTensor> parts{layer.q.weight, layer.k.weight, layer.v.weight};
    const bool same = parts[0].type == parts[1].type && parts[1].type == parts[2].type;
    const WeightType type = same ? parts[0].type : WeightType::F32;
    const int64_t part_rows = packs_ ? config.n_embd : config.n_heads * padded_head_size(config.head_size());
    ggml_tensor * bias = concatenated_floats({layer.q.bias, layer.k.bias, layer.v.bias}, part_rows);
    return packs_ ? packed(parts, type, cpu_kernels_for(type), bias) : plain(parts, type, part_rows, bias);
}

Linear WeightLoader::packed(const std::vector<StoredTensor> & parts,
                            WeightType type,
                            const CpuKernels & kernels,
                            ggml_tensor * bias) {
    const int64_t in = parts.front().width;
    const int64_t out = parts.front().rows * static_cast<int64_t>(parts.size());
    const size_t bytes = kernels.packed_bytes(type, in, out);
    ggml_tensor * weight = ggml_new_tensor_1d(context_, GGML_TYPE_I8, static_cast<int64_t>(bytes + kKernelAlignment));
    check_later(parts);
    later([=, &kernels, &projector = projector_] {
        int64_t first = 0;
        for (const StoredTensor & part : parts) {
            if (part.type == type) {
                kernels.pack(type, in, out, first, part.rows, part.bytes.data(), packed_bytes_of(weight));
            } else {
                kernels.pack(type, in, out, first, part.rows, bytes_as(part, type).data(), packed_bytes_of(weight));
            }
            first += part.rows;
            projector.forget(part);
        }
    });
    return {weight, bias, kernels.packed_type(type), in, out, &kernels};
}

// Rows of zeros after each head's own rows where `part_rows` is more than there are. All-zero bytes are a zero in all types.
Linear WeightLoader::plain(const std::vector<StoredTensor> & parts, WeightType type, int64_t part_rows, ggml_tensor * bias) {
    const int64_t in = parts.front().width;
    const int64_t out = part_rows * static_cast<int64_t>(parts.size());
    ggml_tensor * weight = ggml_new_tensor_2d(context_, static_cast<ggml_type>(type), in, out);
    check_later(parts);
    later([=, heads = static_cast<size_t>(projector_.tower().config.n_heads), &projector = projector_] {
        const size_t part_bytes = ggml_nbytes(weight) / parts.size();
        for (size_t i = 0; i < parts.size(); ++i) {
            const std::vector<uint8_t> stored = bytes_as(parts[i], type);
            std::vector<uint8_t> padded(part_bytes);
            // Whole rows where nothing is padded: then the heads do not matter.
            const size_t pieces = stored.size() == part_bytes ? 1 : heads;
            const size_t piece = stored.size() / pieces;
            for (size_t k = 0; k < pieces; ++k) {
                std::memcpy(padded.data() + k * (part_bytes / pieces), stored.data() + k * piece, piece);
            }
            ggml_backend_tensor_set(weight, padded.data(), i * part_bytes, part_bytes);
            projector.forget(parts[i]);
        }
    });
    return {weight, bias, type, in, out, nullptr};
}

} // namespace medgemma
