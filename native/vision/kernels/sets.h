// The kernels of every instruction set; which of them are built depends on the architecture.
#pragma once

#include "vision/kernels/kernels.h"

namespace medgemma {

extern const CpuKernels avx512_bf16_kernels;
extern const CpuKernels avx512_kernels;
extern const CpuKernels avx2_kernels;
extern const CpuKernels neon_bf16_kernels;
extern const CpuKernels neon_kernels;
extern const CpuKernels portable_kernels;

} // namespace medgemma
