// The maximum speed of this machine's cores, to compare real work with.
#pragma once

#include <string>

#include "vision/weight-type.h"

namespace medgemma {

struct MachineLimits {
    std::string kernels; // name of the kernels for these weights: "avx512-bf16", …
    double gflops; // 10^9 floating-point operations a second in a loop of nothing but products, all threads together
    double read_gbytes; // 10^9 bytes a second read from memory, all threads together
};

// Computes for about a second. `type`: of the weights; it decides on the kernels.
MachineLimits measure_limits(WeightType type, int threads);

} // namespace medgemma
