#include "vision/mmproj-reader.h"

#include <cmath>
#include <cstring>

#include "error.h"

namespace medgemma {
namespace {

std::string text_of(const Shape & shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    }
    return text + "]";
}

} // namespace

void MmprojReader::fail_corrupt(const std::string & what) const {
    throw Error("MODEL_CORRUPT", path_ + " is not a usable projector: " + what + ".");
}

std::optional<std::string_view> MmprojReader::text(const char * key) const {
    const GgufValue * value = header_.find(key);
    const std::string_view * text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
    return text == nullptr ? std::nullopt : std::optional(*text);
}

bool MmprojReader::flag(const char * key) const {
    const GgufValue * value = header_.find(key);
    const bool * flag = value == nullptr ? nullptr : std::get_if<bool>(value);
    return flag != nullptr && *flag;
}

int64_t MmprojReader::count(const char * key, int64_t max) const {
    const GgufValue * value = header_.find(key);
    if (value == nullptr) {
        fail_corrupt(std::string("the key ") + key + " is missing");
    }
    return in_range(key, *value, max);
}

int64_t MmprojReader::count_or(const char * key, int64_t fallback, int64_t max) const {
    const GgufValue * value = header_.find(key);
    return value == nullptr ? fallback : in_range(key, *value, max);
}

float MmprojReader::number(const char * key) const {
    const GgufValue * value = header_.find(key);
    const double * number = value == nullptr ? nullptr : std::get_if<double>(value);
    if (number == nullptr) {
        fail_corrupt(std::string("the key ") + key + " is missing or not a number");
    }
    return static_cast<float>(*number);
}

std::array<float, 3> MmprojReader::colour(const char * key) const {
    constexpr uint32_t kFloat32 = 6; // a value type of GGUF
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

StoredTensor MmprojReader::tensor(const std::string & name, const Shape & expected) const {
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

StoredTensor MmprojReader::vector(const std::string & name, int64_t width) const {
    const StoredTensor found = tensor(name, shape(width));
    if (found.type == WeightType::Q8_0) {
        fail_corrupt("tensor " + name + " is Q8_0, which is for matrices only");
    }
    return found;
}

StoredLinear MmprojReader::linear(const std::string & name, int64_t in, int64_t out) const {
    return {tensor(name + ".weight", shape(in, out)), vector(name + ".bias", out)};
}

StoredNorm MmprojReader::norm(const std::string & name, int64_t width) const {
    return {vector(name + ".weight", width), vector(name + ".bias", width)};
}

int64_t MmprojReader::in_range(const char * key, const GgufValue & value, int64_t max) const {
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

const GgufTensor & MmprojReader::raw(const std::string & name) const {
    const auto found = header_.tensors.find(name);
    if (found == header_.tensors.end()) {
        fail_corrupt("tensor " + name + " is missing");
    }
    return found->second;
}

StoredTensor MmprojReader::view(const std::string & name, const GgufTensor & tensor, int64_t width, int64_t rows) const {
    const auto type = static_cast<WeightType>(tensor.type);
    switch (type) {
        case WeightType::F32:
        case WeightType::F16:
        case WeightType::BF16:
            break;
        case WeightType::Q8_0:
            if (width % 32 != 0) {
                fail_corrupt("tensor " + name + " is Q8_0, but its rows of " + std::to_string(width) +
                             " weights are not a multiple of the block size 32");
            }
            break;
        default:
            fail_corrupt("tensor " + name + " has the weight type " + std::to_string(tensor.type) +
                         "; F32, F16, BF16 and Q8_0 are supported, so use an mmproj file in one of these");
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

} // namespace medgemma
