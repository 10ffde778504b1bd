#include "vision/stored-tensor.h"

#include <cstring>

namespace medgemma {
namespace {

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

bool StoredTensor::is_finite() const {
    const uint8_t * data = bytes.data();
    const auto count = static_cast<size_t>(width * rows);
    switch (type) {
        case WeightType::F32:
            return all_finite<uint32_t, 0x7f800000>(data, count, 4);
        case WeightType::F16:
            return all_finite<uint16_t, 0x7c00>(data, count, 2);
        case WeightType::BF16:
            return all_finite<uint16_t, 0x7f80>(data, count, 2);
        case WeightType::Q8_0:
            return all_finite<uint16_t, 0x7c00>(data, count / 32, 34); // the scale of a block
    }
    return false;
}

} // namespace medgemma
