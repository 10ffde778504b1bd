#include "test/tiny-projector.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "ggml.h"
#include "test/noise.h"
#include "test/test.h"

namespace medgemma::test {
namespace {

constexpr uint64_t kEmbd = 288;
constexpr uint64_t kFf = 320;
constexpr uint64_t kProjection = 64;
constexpr uint64_t kPatches = 4;

std::vector<float> random_values(size_t count, uint32_t seed) {
    std::vector<float> values(count);
    const std::vector<uint8_t> bytes = noise(count * 2, seed);
    for (size_t i = 0; i < count; ++i) {
        values[i] = (static_cast<float>(bytes[2 * i] * 256 + bytes[2 * i + 1]) / 65535.0F - 0.5F) * 0.2F;
    }
    return values;
}

class Bytes {
public:
    template <typename T>
    void number(T value) {
        raw(&value, sizeof(value));
    }
    void text(const std::string & value) {
        number<uint64_t>(value.size());
        raw(value.data(), value.size());
    }
    void raw(const void * data, size_t size) {
        const auto * begin = static_cast<const uint8_t *>(data);
        bytes.insert(bytes.end(), begin, begin + size);
    }
    void align() { bytes.resize((bytes.size() + 31) / 32 * 32); }

    std::vector<uint8_t> bytes;
};

std::vector<uint8_t> weights_of(const TinyTensor & tensor) {
    const auto width = static_cast<int64_t>(tensor.shape[0]);
    const auto rows = static_cast<int64_t>(tensor.values.size()) / width;
    std::vector<uint8_t> bytes(row_bytes(tensor.type, width) * static_cast<size_t>(rows));
    ggml_quantize_chunk(static_cast<ggml_type>(tensor.type), tensor.values.data(), bytes.data(), 0, rows, width, nullptr);
    return bytes;
}

} // namespace

TinyProjector::TinyProjector(WeightType matrices) {
    texts = {{"general.architecture", "clip"}, {"general.type", "mmproj"}, {"clip.projector_type", "gemma3"}};
    flags = {{"clip.has_vision_encoder", true}, {"clip.use_gelu", true}};
    numbers = {{"clip.vision.image_size", 28},
               {"clip.vision.patch_size", 14},
               {"clip.vision.embedding_length", kEmbd},
               {"clip.vision.feed_forward_length", kFf},
               {"clip.vision.block_count", 2},
               {"clip.vision.attention.head_count", 4},
               {"clip.vision.projection_dim", kProjection},
               {"clip.vision.projector.scale_factor", 2}};
    decimals = {{"clip.vision.attention.layer_norm_epsilon", 1e-6F}};
    lists = {{"clip.vision.image_mean", {0.5F, 0.5F, 0.5F}}, {"clip.vision.image_std", {0.5F, 0.5F, 0.5F}}};

    const auto add = [&](const std::string & name, std::vector<uint64_t> shape, WeightType type) {
        size_t count = 1;
        uint32_t seed = 1;
        for (const uint64_t size : shape) {
            count *= size;
        }
        for (const char letter : name) {
            seed = seed * 31 + static_cast<uint8_t>(letter);
        }
        tensors[name] = {shape, type, random_values(count, seed), shape, static_cast<uint32_t>(type)};
    };
    const auto linear = [&](const std::string & name, uint64_t in, uint64_t out) {
        add(name + ".weight", {in, out}, matrices);
        add(name + ".bias", {out}, WeightType::F32);
    };
    const auto norm = [&](const std::string & name) {
        add(name + ".weight", {kEmbd}, WeightType::F32);
        add(name + ".bias", {kEmbd}, WeightType::F32);
    };
    add("v.patch_embd.weight", {14, 14, 3, kEmbd}, WeightType::F32);
    add("v.patch_embd.bias", {kEmbd}, WeightType::F32);
    add("v.position_embd.weight", {kEmbd, kPatches}, WeightType::F32);
    for (const std::string block : {"v.blk.0.", "v.blk.1."}) {
        norm(block + "ln1");
        norm(block + "ln2");
        for (const char * name : {"attn_q", "attn_k", "attn_v", "attn_out"}) {
            linear(block + name, kEmbd, kEmbd);
        }
        linear(block + "ffn_up", kEmbd, kFf);
        linear(block + "ffn_down", kFf, kEmbd);
    }
    norm("v.post_ln");
    add("mm.soft_emb_norm.weight", {kEmbd}, WeightType::F32);
    add("mm.input_projection.weight", {kProjection, kEmbd}, WeightType::F32);
}

std::vector<uint8_t> TinyProjector::bytes() const {
    // Numbers of the value types in the GGUF specification.
    constexpr uint32_t kUint32 = 4;
    constexpr uint32_t kFloat32 = 6;
    constexpr uint32_t kBool = 7;
    constexpr uint32_t kString = 8;
    constexpr uint32_t kArray = 9;

    Bytes out;
    out.raw("GGUF", 4);
    out.number<uint32_t>(3);
    out.number<uint64_t>(tensors.size());
    out.number<uint64_t>(numbers.size() + decimals.size() + texts.size() + flags.size() + lists.size());
    for (const auto & [key, value] : texts) {
        out.text(key);
        out.number(kString);
        out.text(value);
    }
    for (const auto & [key, value] : numbers) {
        out.text(key);
        out.number(kUint32);
        out.number(value);
    }
    for (const auto & [key, value] : decimals) {
        out.text(key);
        out.number(kFloat32);
        out.number(value);
    }
    for (const auto & [key, value] : flags) {
        out.text(key);
        out.number(kBool);
        out.number<uint8_t>(value ? 1 : 0);
    }
    for (const auto & [key, values] : lists) {
        out.text(key);
        out.number(kArray);
        out.number(kFloat32);
        out.number<uint64_t>(values.size());
        out.raw(values.data(), values.size() * sizeof(float));
    }
    Bytes weights;
    for (const auto & [name, tensor] : tensors) {
        weights.align();
        out.text(name);
        out.number<uint32_t>(static_cast<uint32_t>(tensor.claimed_shape.size()));
        for (const uint64_t size : tensor.claimed_shape) {
            out.number(size);
        }
        out.number(tensor.claimed_type);
        out.number<uint64_t>(weights.bytes.size());
        const std::vector<uint8_t> bytes = weights_of(tensor);
        weights.raw(bytes.data(), bytes.size());
    }
    out.align();
    out.raw(weights.bytes.data(), weights.bytes.size());
    return out.bytes;
}

void TinyProjector::shrink_embeddings() {
    for (const char * name : {"v.patch_embd.weight", "v.patch_embd.bias", "v.position_embd.weight"}) {
        for (float & value : tensors.at(name).values) {
            value *= 0.001F;
        }
    }
}

void TinyProjector::fuse_qkv() {
    for (const std::string block : {"v.blk.0.", "v.blk.1."}) {
        for (const std::string part : {".weight", ".bias"}) {
            TinyTensor fused = tensors.at(block + "attn_q" + part);
            for (const char * name : {"attn_k", "attn_v"}) {
                const std::vector<float> & more = tensors.at(block + name + part).values;
                fused.values.insert(fused.values.end(), more.begin(), more.end());
            }
            fused.shape.back() *= 3;
            fused.claimed_shape = fused.shape;
            for (const char * name : {"attn_q", "attn_k", "attn_v"}) {
                tensors.erase(block + name + part);
            }
            tensors[block + "attn_qkv" + part] = fused;
        }
    }
}

void TinyProjector::swap_ffn() {
    for (const std::string block : {"v.blk.0.", "v.blk.1."}) {
        for (const std::string part : {".weight", ".bias"}) {
            std::swap(tensors.at(block + "ffn_up" + part), tensors.at(block + "ffn_down" + part));
        }
    }
}

TemporaryFile::TemporaryFile(const std::vector<uint8_t> & bytes) {
    static int count = 0; // unique in this process
    const auto folder = std::filesystem::temp_directory_path();
    path_ = (folder / ("medgemma-test-" + std::to_string(reinterpret_cast<uintptr_t>(&bytes)) + "-" + std::to_string(count++)))
                .string();
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    check(file.good(), "cannot write " + path_);
}

TemporaryFile::~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

} // namespace medgemma::test
