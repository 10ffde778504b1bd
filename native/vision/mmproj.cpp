#include "vision/mmproj.h"

#include <cmath>
#include <cstring>
#include <optional>

#include "error.h"
#include "vision/kernels/kernels.h"

namespace medgemma {
namespace {

using Shape = std::vector<uint64_t>; // ggml order: the contiguous size first

std::string text_of(const Shape & shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    }
    return text + "]";
}

// Reads the clip.* keys; every getter says which key of which file is wrong.
class Keys {
public:
    Keys(const GgufHeader & header, const std::string & path) : header_(header), path_(path) {}

    [[noreturn]] void fail_corrupt(const std::string & what) const {
        throw Error("MODEL_CORRUPT", path_ + " is no usable projector: " + what + ".");
    }

    std::optional<std::string_view> text(const char * key) const {
        const GgufValue * value = header_.find(key);
        const std::string_view * text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
        return text == nullptr ? std::nullopt : std::optional(*text);
    }

    bool flag(const char * key) const {
        const GgufValue * value = header_.find(key);
        const bool * flag = value == nullptr ? nullptr : std::get_if<bool>(value);
        return flag != nullptr && *flag;
    }

    int64_t count(const char * key, int64_t max) const {
        const GgufValue * value = header_.find(key);
        if (value == nullptr) {
            fail_corrupt(std::string("the key ") + key + " is missing");
        }
        return in_range(key, *value, max);
    }

    int64_t count_or(const char * key, int64_t fallback, int64_t max) const {
        const GgufValue * value = header_.find(key);
        return value == nullptr ? fallback : in_range(key, *value, max);
    }

    float number(const char * key) const {
        const GgufValue * value = header_.find(key);
        const double * number = value == nullptr ? nullptr : std::get_if<double>(value);
        if (number == nullptr) {
            fail_corrupt(std::string("the key ") + key + " is missing or no number");
        }
        return static_cast<float>(*number);
    }

    std::array<float, 3> colour(const char * key) const {
        constexpr uint32_t kFloat32 = 6; // of the GGUF value types
        const GgufValue * value = header_.find(key);
        const GgufArray * array = value == nullptr ? nullptr : std::get_if<GgufArray>(value);
        if (array == nullptr || array->element_type != kFloat32 || array->count != 3) {
            fail_corrupt(std::string("the key ") + key + " is missing or not three numbers");
        }
        std::array<float, 3> numbers{};
        std::memcpy(numbers.data(), array->bytes.data(), sizeof(numbers));
        for (const float number : numbers) {
            if (!std::isfinite(number)) {
                fail_corrupt(std::string("the key ") + key + " holds a number that is not finite");
            }
        }
        return numbers;
    }

private:
    int64_t in_range(const char * key, const GgufValue & value, int64_t max) const {
        uint64_t number = 0;
        if (const auto * natural = std::get_if<uint64_t>(&value)) {
            number = *natural;
        } else if (const auto * integer = std::get_if<int64_t>(&value); integer != nullptr && *integer > 0) {
            number = static_cast<uint64_t>(*integer);
        }
        if (number < 1 || number > static_cast<uint64_t>(max)) {
            fail_corrupt(std::string("the key ") + key + " is not a whole number from 1 to " + std::to_string(max));
        }
        return static_cast<int64_t>(number);
    }

    const GgufHeader & header_;
    const std::string & path_;
};

// Finds tensors by name and shape and turns them into views of the file.
class Tensors {
public:
    Tensors(const GgufHeader & header, const std::string & path) : header_(header), path_(path) {}

    [[noreturn]] void fail_corrupt(const std::string & what) const {
        throw Error("MODEL_CORRUPT", path_ + " is no usable projector: " + what + ".");
    }

    bool has(const std::string & name) const { return header_.tensors.contains(name); }

    const Shape & shape_of(const std::string & name) const { return raw(name).shape; }

    // Vectors and matrices of rank 2 or more; everything behind shape[0] counts as rows.
    StoredTensor tensor(const std::string & name, const Shape & expected) const {
        const GgufTensor & found = raw(name);
        if (found.shape != expected) {
            fail_corrupt("tensor " + name + " has the shape " + text_of(found.shape) + ", expected " + text_of(expected));
        }
        uint64_t rows = 1;
        for (size_t i = 1; i < found.shape.size(); ++i) {
            rows *= found.shape[i]; // cannot overflow: the reader has checked the product of the whole shape
        }
        return view(name, found, static_cast<int64_t>(found.shape[0]), static_cast<int64_t>(rows));
    }

    StoredTensor vector(const std::string & name, int64_t width) const {
        const StoredTensor found = tensor(name, shape(width));
        if (found.type == WeightType::Q8_0) {
            fail_corrupt("tensor " + name + " is Q8_0, which is for matrices only");
        }
        return found;
    }

    StoredLinear linear(const std::string & name, int64_t in, int64_t out) const {
        return {tensor(name + ".weight", shape(in, out)), vector(name + ".bias", out)};
    }

    StoredNorm norm(const std::string & name, int64_t width) const {
        return {vector(name + ".weight", width), vector(name + ".bias", width)};
    }

    template <typename... Size>
    static Shape shape(Size... sizes) {
        return {static_cast<uint64_t>(sizes)...};
    }

private:
    const GgufTensor & raw(const std::string & name) const {
        const auto found = header_.tensors.find(name);
        if (found == header_.tensors.end()) {
            fail_corrupt("tensor " + name + " is missing");
        }
        return found->second;
    }

    StoredTensor view(const std::string & name, const GgufTensor & tensor, int64_t width, int64_t rows) const {
        const auto type = static_cast<WeightType>(tensor.type);
        switch (type) {
            case WeightType::F32:
            case WeightType::F16:
            case WeightType::BF16:
                break;
            case WeightType::Q8_0:
                if (width % 32 != 0) {
                    fail_corrupt("tensor " + name + " is Q8_0, but its rows of " + std::to_string(width) +
                                 " weights are no whole blocks of 32");
                }
                break;
            default:
                fail_corrupt("tensor " + name + " has the weight type " + std::to_string(tensor.type) +
                             "; F32, F16, BF16 and Q8_0 are supported, so take the mmproj file in one of these");
        }
        const uint64_t available = header_.tensor_bytes.size();
        const uint64_t row = row_bytes(type, width);
        const uint64_t size = row * static_cast<uint64_t>(rows);
        const bool overflows = size / row != static_cast<uint64_t>(rows);
        if (overflows || tensor.offset > available || size > available - tensor.offset) {
            throw Error("MODEL_CORRUPT", path_ + " is truncated: tensor " + name + " lies at " + std::to_string(tensor.offset) +
                                             " to " + std::to_string(tensor.offset + size) + " of only " +
                                             std::to_string(available) + " bytes of weights. Download it again.");
        }
        return {name, type, width, rows,
                header_.tensor_bytes.subspan(static_cast<size_t>(tensor.offset), static_cast<size_t>(size))};
    }

    const GgufHeader & header_;
    const std::string & path_;
};

// An exponent of all ones says infinite, or no number. `count` words lie `stride` bytes apart.
template <typename Word, Word exponent>
bool all_finite(const uint8_t * bytes, size_t count, size_t stride) {
    Word hits = 0;
    for (size_t i = 0; i < count; ++i) {
        Word word;
        std::memcpy(&word, bytes + i * stride, sizeof(word));
        hits |= static_cast<Word>((word & exponent) == exponent);
    }
    return hits == 0;
}

bool all_finite(const StoredTensor & stored) {
    const uint8_t * bytes = stored.bytes.data();
    const auto count = static_cast<size_t>(stored.width * stored.rows);
    switch (stored.type) {
        case WeightType::F32:
            return all_finite<uint32_t, 0x7f800000>(bytes, count, 4);
        case WeightType::F16:
            return all_finite<uint16_t, 0x7c00>(bytes, count, 2);
        case WeightType::BF16:
            return all_finite<uint16_t, 0x7f80>(bytes, count, 2);
        case WeightType::Q8_0:
            return all_finite<uint16_t, 0x7c00>(bytes, count / 32, 34); // the scale of a block
    }
    return false;
}

} // namespace

const char * name_of(WeightType type) {
    switch (type) {
        case WeightType::F32:
            return "F32";
        case WeightType::F16:
            return "F16";
        case WeightType::Q8_0:
            return "Q8_0";
        case WeightType::BF16:
            return "BF16";
    }
    return "unknown";
}

size_t row_bytes(WeightType type, int64_t width) {
    const size_t count = static_cast<size_t>(width);
    switch (type) {
        case WeightType::F32:
            return count * 4;
        case WeightType::F16:
        case WeightType::BF16:
            return count * 2;
        case WeightType::Q8_0:
            return count / 32 * 34; // a block: one F16 scale and 32 signed bytes
    }
    return 0;
}

StoredTensor StoredTensor::rows_from(int64_t first, int64_t count) const {
    const size_t row = bytes.size() / static_cast<size_t>(rows);
    return {name, type, width, count, bytes.subspan(static_cast<size_t>(first) * row, static_cast<size_t>(count) * row)};
}

Projector::Projector(const std::string & path) : path_(path), file_(path), header_(read_gguf_header(file_.bytes(), path_)) {
    read_config();
    find_tensors();
}

void Projector::require_finite(const StoredTensor & stored) const {
    if (!all_finite(stored)) {
        throw Error("MODEL_CORRUPT",
                    path_ + " is no usable projector: tensor " + stored.name +
                        " holds weights that are no finite numbers. Download it again, or take another conversion.");
    }
}

void Projector::read_config() {
    const Keys keys(header_, path_);

    const std::string architecture(keys.text("general.architecture").value_or(""));
    if (architecture.empty()) {
        keys.fail_corrupt("the key general.architecture is missing");
    }
    if (keys.text("general.type").value_or("") == "adapter") {
        throw Error("MODEL_MISMATCH", path_ + " is an adapter (LoRA), not a projector. Give the projector of the model as "
                                              "mmproj and this file as lora.");
    }
    if (architecture != "clip") {
        throw Error("MODEL_MISMATCH", path_ + " is a text model (general.architecture = " + architecture.substr(0, 32) +
                                          "), but a projector was expected. Give the file named mmproj-*.gguf.");
    }
    const auto projector = keys.text("clip.projector_type");
    const std::string type(projector.has_value() ? *projector : keys.text("clip.vision.projector_type").value_or("unknown"));
    if (type != "gemma3") {
        throw Error("MODEL_MISMATCH", path_ + " is a projector of the kind " + type.substr(0, 32) +
                                          ", expected gemma3. Take the mmproj file that was made for MedGemma.");
    }
    if (!keys.flag("clip.has_vision_encoder")) {
        keys.fail_corrupt("it holds no image tower (clip.has_vision_encoder is not true)");
    }
    // Absent means a different activation in this format, and the answers would be subtly wrong.
    if (!keys.flag("clip.use_gelu")) {
        keys.fail_corrupt("the key clip.use_gelu is not true, so the tower is no SigLIP of Gemma 3");
    }

    // The bounds are far above any known tower; they keep every size below far from overflow.
    config_.image_size = keys.count("clip.vision.image_size", 4096);
    config_.patch_size = keys.count("clip.vision.patch_size", 256);
    config_.n_embd = keys.count("clip.vision.embedding_length", 1 << 15);
    config_.n_ff = keys.count("clip.vision.feed_forward_length", 1 << 17);
    config_.n_layers = keys.count("clip.vision.block_count", 512);
    config_.n_heads = keys.count("clip.vision.attention.head_count", 512);
    config_.pool_size = keys.count_or("clip.vision.projector.scale_factor", 4, 256);
    config_.n_projection = keys.count("clip.vision.projection_dim", 1 << 17);
    config_.norm_eps = keys.number("clip.vision.attention.layer_norm_epsilon");
    config_.image_mean = keys.colour("clip.vision.image_mean");
    config_.image_std = keys.colour("clip.vision.image_std");

    if (config_.image_size % config_.patch_size != 0) {
        keys.fail_corrupt("the image size " + std::to_string(config_.image_size) + " is no multiple of the patch size " +
                          std::to_string(config_.patch_size));
    }
    if (config_.grid() > 256) {
        keys.fail_corrupt(std::to_string(config_.n_patches()) + " patches are more than the 65536 supported");
    }
    if (config_.grid() % config_.pool_size != 0) {
        keys.fail_corrupt("the " + std::to_string(config_.grid()) + " patches of a side do not divide by the pool size " +
                          std::to_string(config_.pool_size));
    }
    if (config_.n_embd % config_.n_heads != 0) {
        keys.fail_corrupt("the width " + std::to_string(config_.n_embd) + " does not divide by " +
                          std::to_string(config_.n_heads) + " heads");
    }
    if (config_.head_size() > kLongestHead) {
        keys.fail_corrupt("heads of " + std::to_string(config_.head_size()) + " dimensions are more than the " +
                          std::to_string(kLongestHead) + " supported");
    }
    if (!(config_.norm_eps > 0.0F && config_.norm_eps < 0.1F)) {
        keys.fail_corrupt("the key clip.vision.attention.layer_norm_epsilon is out of range");
    }
    for (const float deviation : config_.image_std) {
        if (!(deviation > 0.0F)) {
            keys.fail_corrupt("the key clip.vision.image_std holds a number that is not positive");
        }
    }
}

void Projector::find_tensors() {
    const Tensors tensors(header_, path_);
    const auto shape = [](auto... sizes) { return Tensors::shape(sizes...); };
    const int64_t n_embd = config_.n_embd;
    const int64_t n_ff = config_.n_ff;

    patch_embedding_.weight = tensors.tensor("v.patch_embd.weight", shape(config_.patch_size, config_.patch_size, 3, n_embd));
    patch_embedding_.bias = tensors.vector("v.patch_embd.bias", n_embd);
    position_embedding_ = tensors.tensor("v.position_embd.weight", shape(n_embd, config_.n_patches()));

    for (int64_t i = 0; i < config_.n_layers; ++i) {
        const std::string block = "v.blk." + std::to_string(i) + ".";
        StoredLayer layer{};
        layer.ln1 = tensors.norm(block + "ln1", n_embd);
        layer.ln2 = tensors.norm(block + "ln2", n_embd);

        if (tensors.has(block + "attn_qkv.weight")) {
            const StoredLinear fused = tensors.linear(block + "attn_qkv", n_embd, 3 * n_embd);
            StoredLinear * const parts[] = {&layer.q, &layer.k, &layer.v};
            for (int64_t part = 0; part < 3; ++part) {
                // The bias is one row of 3 * n_embd; cut it like a column of rows.
                const StoredTensor bias{fused.bias.name, fused.bias.type, 1, 3 * n_embd, fused.bias.bytes};
                *parts[part] = {fused.weight.rows_from(part * n_embd, n_embd), bias.rows_from(part * n_embd, n_embd)};
                parts[part]->bias.width = n_embd;
                parts[part]->bias.rows = 1;
            }
        } else {
            layer.q = tensors.linear(block + "attn_q", n_embd, n_embd);
            layer.k = tensors.linear(block + "attn_k", n_embd, n_embd);
            layer.v = tensors.linear(block + "attn_v", n_embd, n_embd);
        }
        layer.out = tensors.linear(block + "attn_out", n_embd, n_embd);

        // Old converters named the two feed-forward matrices the wrong way round; the shapes tell.
        const bool swapped = n_ff != n_embd && tensors.shape_of(block + "ffn_down.weight") == shape(n_embd, n_ff);
        layer.fc1 = tensors.linear(block + (swapped ? "ffn_down" : "ffn_up"), n_embd, n_ff);
        layer.fc2 = tensors.linear(block + (swapped ? "ffn_up" : "ffn_down"), n_ff, n_embd);
        layers_.push_back(layer);
    }

    post_norm_ = tensors.norm("v.post_ln", n_embd);
    token_norm_ = tensors.vector("mm.soft_emb_norm.weight", n_embd);
    projection_ = tensors.tensor("mm.input_projection.weight", shape(config_.n_projection, n_embd));
}

} // namespace medgemma
