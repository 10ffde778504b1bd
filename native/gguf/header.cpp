#include "gguf/header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "error.h"

namespace medgemma {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is read in place, which needs a little-endian machine");

// The value types of the GGUF specification, by their numbers.
enum ValueType : uint32_t {
    UINT8,
    INT8,
    UINT16,
    INT16,
    UINT32,
    INT32,
    FLOAT32,
    BOOL,
    STRING,
    ARRAY,
    UINT64,
    INT64,
    FLOAT64
};

// Bytes of a fixed-size value, 0 for strings, arrays and unknown types.
size_t size_of(uint32_t type) {
    switch (type) {
        case UINT8:
        case INT8:
        case BOOL:
            return 1;
        case UINT16:
        case INT16:
            return 2;
        case UINT32:
        case INT32:
        case FLOAT32:
            return 4;
        case UINT64:
        case INT64:
        case FLOAT64:
            return 8;
        default:
            return 0;
    }
}

// A cursor over the bytes. Every step checks what is left first.
class Reader {
public:
    Reader(std::span<const uint8_t> bytes, const std::string & path) : bytes_(bytes), path_(path) {}

    [[noreturn]] void fail(const std::string & what) const {
        throw Error("MODEL_CORRUPT", path_ + " is damaged: " + what + ". Download it again.");
    }

    size_t position() const { return position_; }
    size_t left() const { return bytes_.size() - position_; }

    std::span<const uint8_t> take(uint64_t count, const char * what) {
        if (count > left()) {
            fail("it ends inside " + std::string(what) + " (" + std::to_string(count) + " bytes expected at byte " +
                 std::to_string(position_) + ", " + std::to_string(left()) + " left)");
        }
        const auto taken = bytes_.subspan(position_, static_cast<size_t>(count));
        position_ += static_cast<size_t>(count);
        return taken;
    }

    template <typename T>
    T number(const char * what) {
        T value;
        std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T)); // the bytes need not be aligned
        return value;
    }

    std::string_view string(const char * what) {
        const auto length = number<uint64_t>(what);
        const auto text = take(length, what);
        return {reinterpret_cast<const char *>(text.data()), text.size()};
    }

    GgufValue value() { return value_of(number<uint32_t>("a value type")); }

private:
    GgufValue value_of(uint32_t type) {
        constexpr const char * what = "a value";
        switch (type) {
            case UINT8:
                return static_cast<uint64_t>(number<uint8_t>(what));
            case INT8:
                return static_cast<int64_t>(number<int8_t>(what));
            case UINT16:
                return static_cast<uint64_t>(number<uint16_t>(what));
            case INT16:
                return static_cast<int64_t>(number<int16_t>(what));
            case UINT32:
                return static_cast<uint64_t>(number<uint32_t>(what));
            case INT32:
                return static_cast<int64_t>(number<int32_t>(what));
            case UINT64:
                return number<uint64_t>(what);
            case INT64:
                return number<int64_t>(what);
            case FLOAT32:
                return static_cast<double>(number<float>(what));
            case FLOAT64:
                return number<double>(what);
            case BOOL:
                return number<uint8_t>(what) != 0;
            case STRING:
                return string("a text value");
            case ARRAY:
                return array();
            default:
                fail("value type " + std::to_string(type) + " does not exist");
        }
    }

    GgufArray array() {
        const auto type = number<uint32_t>("an array");
        const auto count = number<uint64_t>("an array");
        const size_t start = position_;
        if (type == STRING) {
            if (count > left() / sizeof(uint64_t)) {
                fail("an array claims " + std::to_string(count) + " texts, more than the file could hold");
            }
            for (uint64_t i = 0; i < count; ++i) {
                string("an array of texts");
            }
        } else if (const size_t size = size_of(type); size != 0) {
            if (count > left() / size) {
                fail("an array claims " + std::to_string(count) + " numbers, more than the file could hold");
            }
            take(count * size, "an array");
        } else {
            // Arrays of arrays are in the specification, but no model file has any.
            fail("an array has elements of type " + std::to_string(type));
        }
        return {type, count, bytes_.subspan(start, position_ - start)};
    }

    std::span<const uint8_t> bytes_;
    const std::string & path_;
    size_t position_ = 0;
};

GgufTensor read_tensor(Reader & reader, std::string_view name) {
    const auto dimensions = reader.number<uint32_t>("a tensor description");
    if (dimensions < 1 || dimensions > 4) {
        reader.fail("tensor " + quoted_name(name) + " has " + std::to_string(dimensions) + " dimensions, expected 1 to 4");
    }
    GgufTensor tensor{};
    uint64_t elements = 1;
    for (uint32_t i = 0; i < dimensions; ++i) {
        const auto size = reader.number<uint64_t>("a tensor description");
        if (size == 0 || size > std::numeric_limits<int64_t>::max() / elements) {
            reader.fail("tensor " + quoted_name(name) + " has an impossible shape");
        }
        elements *= size;
        tensor.shape.push_back(size);
    }
    tensor.type = reader.number<uint32_t>("a tensor description");
    tensor.offset = reader.number<uint64_t>("a tensor description");
    return tensor;
}

size_t read_alignment(const Reader & reader, const GgufHeader & header) {
    const GgufValue * value = header.find("general.alignment");
    if (value == nullptr) {
        return 32; // the specification's default
    }
    const uint64_t * alignment = std::get_if<uint64_t>(value);
    if (alignment == nullptr || !std::has_single_bit(*alignment) || *alignment > (1U << 20)) {
        reader.fail("general.alignment is not a power of two");
    }
    return static_cast<size_t>(*alignment);
}

} // namespace

std::string quoted_name(std::string_view name) {
    std::string text = "\"";
    for (const char c : name.substr(0, 64)) {
        text += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return text + "\"";
}

const GgufValue * GgufHeader::find(std::string_view key) const {
    const auto found = values.find(key);
    return found == values.end() ? nullptr : &found->second;
}

GgufHeader read_gguf_header(std::span<const uint8_t> bytes, const std::string & path) {
    if (bytes.empty()) {
        throw Error("MODEL_CORRUPT", path + " is empty. Download it again.");
    }
    if (bytes.size() < 4 || std::memcmp(bytes.data(), "GGUF", 4) != 0) {
        throw Error("MODEL_CORRUPT", path + " is not a GGUF file: it does not begin with \"GGUF\".");
    }

    Reader reader(bytes, path);
    reader.take(4, "the magic");
    GgufHeader header{};
    header.version = reader.number<uint32_t>("the version");
    if (header.version < 2 || header.version > 3) {
        reader.fail("GGUF version 2 or 3 expected, found " + std::to_string(header.version));
    }

    const auto tensor_count = reader.number<uint64_t>("the counts");
    const auto value_count = reader.number<uint64_t>("the counts");
    // The minimum sizes of a tensor (name, dimensions, one size, type, offset) and of a value (key, type, one byte).
    if (tensor_count > reader.left() / 32 || value_count > reader.left() / 13) {
        reader.fail("it claims " + std::to_string(value_count) + " values and " + std::to_string(tensor_count) +
                    " tensors, more than its " + std::to_string(bytes.size()) + " bytes could hold");
    }

    for (uint64_t i = 0; i < value_count; ++i) {
        const std::string_view key = reader.string("a key");
        if (!header.values.emplace(key, reader.value()).second) {
            reader.fail("key " + quoted_name(key) + " is there twice");
        }
    }
    for (uint64_t i = 0; i < tensor_count; ++i) {
        const std::string_view name = reader.string("a tensor name");
        if (!header.tensors.emplace(name, read_tensor(reader, name)).second) {
            reader.fail("tensor " + quoted_name(name) + " is there twice");
        }
    }

    const size_t alignment = read_alignment(reader, header);
    for (const auto & [name, tensor] : header.tensors) {
        if (tensor.offset % alignment != 0) {
            reader.fail("tensor " + quoted_name(name) + " does not begin at a multiple of " + std::to_string(alignment));
        }
    }
    const size_t padding = (alignment - reader.position() % alignment) % alignment;
    // A file without tensors may end before the padding.
    reader.take(std::min(padding, header.tensors.empty() ? reader.left() : padding), "the header");
    header.tensor_bytes = bytes.subspan(reader.position());
    return header;
}

} // namespace medgemma
