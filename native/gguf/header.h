// Reads the header of a GGUF file (version 2 or 3) from bytes that are not trusted. Knows the container, not the model.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace medgemma {

// An array keeps its raw bytes; only short number arrays are ever looked into.
struct GgufArray {
    uint32_t element_type;
    uint64_t count;
    std::span<const uint8_t> bytes;
};

using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string_view, GgufArray>;

struct GgufTensor {
    uint32_t type; // ggml_type as a number; may be one that we do not know
    std::vector<uint64_t> shape; // 1 to 4 sizes, ggml order: shape[0] is contiguous
    uint64_t offset; // from the first byte after the header
};

// Views into `bytes`, which must outlive it.
struct GgufHeader {
    uint32_t version;
    std::map<std::string_view, GgufValue> values;
    std::map<std::string_view, GgufTensor> tensors;
    std::span<const uint8_t> tensor_bytes; // everything after the header

    const GgufValue * find(std::string_view key) const;
};

// A name from a file as it may appear in a message: short, printable, in quotes.
std::string quoted_name(std::string_view name);

// Throws MODEL_CORRUPT with `path` in the message. Never reads outside of `bytes` and never allocates more than a small
// multiple of their number, whatever they hold.
GgufHeader read_gguf_header(std::span<const uint8_t> bytes, const std::string & path);

} // namespace medgemma
