// Weights as they lie in a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vision/weight-type.h"

namespace medgemma {

const char * name_of(WeightType type);

// Bytes of one row of `width` weights; the width fits the type's block size once the file is checked.
size_t row_bytes(WeightType type, int64_t width);

// A matrix (or vector, rows = 1): (rows, width), row-major.
struct StoredTensor {
    std::string name;
    WeightType type;
    int64_t width;
    int64_t rows;
    std::span<const uint8_t> bytes;

    StoredTensor rows_from(int64_t first, int64_t count) const;
    bool is_finite() const; // reads all of it
};

struct StoredLinear {
    StoredTensor weight; // (out, in)
    StoredTensor bias; // (out)
};

struct StoredNorm {
    StoredTensor weight; // (width)
    StoredTensor bias; // (width)
};

} // namespace medgemma
