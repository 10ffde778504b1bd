// Reads keys and tensors of a projector file that is not trusted. Every function says what is wrong in which file: all of
// them throw MODEL_CORRUPT.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/header.h"
#include "vision/stored-tensor.h"

namespace medgemma {

using Shape = std::vector<uint64_t>; // ggml order: the contiguous size first

// Views into `header` and `path`, which must outlive it.
class MmprojReader {
public:
    MmprojReader(const GgufHeader & header, const std::string & path) : header_(header), path_(path) {}

    const std::string & path() const { return path_; }
    [[noreturn]] void fail_corrupt(const std::string & what) const;

    std::optional<std::string_view> text(const char * key) const;
    bool flag(const char * key) const;
    int64_t count(const char * key, int64_t max) const;
    int64_t count_or(const char * key, int64_t fallback, int64_t max) const;
    float number(const char * key) const;
    std::array<float, 3> colour(const char * key) const;

    bool has(const std::string & name) const { return header_.tensors.contains(name); }
    const Shape & shape_of(const std::string & name) const { return raw(name).shape; }
    // Vectors and matrices of rank 2 or more; everything behind shape[0] counts as rows.
    StoredTensor tensor(const std::string & name, const Shape & expected) const;
    StoredTensor vector(const std::string & name, int64_t width) const;
    StoredLinear linear(const std::string & name, int64_t in, int64_t out) const;
    StoredNorm norm(const std::string & name, int64_t width) const;
    template <typename... Size>
    static Shape shape(Size... sizes) {
        return {static_cast<uint64_t>(sizes)...};
    }

private:
    int64_t in_range(const char * key, const GgufValue & value, int64_t max) const;
    const GgufTensor & raw(const std::string & name) const;
    StoredTensor view(const std::string & name, const GgufTensor & tensor, int64_t width, int64_t rows) const;

    const GgufHeader & header_;
    const std::string & path_;
};

} // namespace medgemma
