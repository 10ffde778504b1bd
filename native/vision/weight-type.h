// The types that the weights of a projector file may have.
#pragma once

#include <cstdint>

namespace medgemma {

// The values are ggml_type's.
enum class WeightType : uint32_t {
    F32 = 0,
    F16 = 1,
    Q8_0 = 8,
    BF16 = 30
};

} // namespace medgemma
