// Where memory for kernels begins. Not for the kernels themselves: nothing that other files share may be compiled for an
// instruction set (tiled.h).
#pragma once

#include <cstdint>

#include "vision/kernels/kernels.h"

namespace medgemma {

// The first place in `memory` at which kernels may begin. It must have kKernelAlignment bytes to spare.
inline uint8_t * aligned_begin(uint8_t * memory) {
    const size_t beyond = reinterpret_cast<uintptr_t>(memory) % kKernelAlignment;
    return memory + (beyond == 0 ? 0 : kKernelAlignment - beyond);
}

} // namespace medgemma
