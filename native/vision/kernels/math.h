// Functions of vectors of floats.
#pragma once

#include "vision/kernels/instruction-set.h"
#include "vision/kernels/tile.h"

namespace medgemma {
namespace {

// 2^x for x up to 126. Below -126 it is some value under 2e-38, or 0.
template <InstructionSet Isa>
MEDGEMMA_INLINE typename Isa::Vec exp2(typename Isa::Vec x) {
    if constexpr (!Isa::kLdexpUnderflows) {
        x = Isa::max(x, Isa::set1(-126.0F));
    }
    const auto n = Isa::round(x);
    const auto f = Isa::sub(x, n); // -0.5 to 0.5
    // The Taylor series of e^(f ln 2). The first term left out is 1.2e-7 at most; where the result is rounded to BF16
    // (4e-3), 4e-5.
    auto p = Isa::set1(9.6181291e-3F);
    if constexpr (Isa::kPair == 1) {
        p = Isa::fma(Isa::set1(1.540353e-4F), f, Isa::set1(1.3333558e-3F));
        p = Isa::fma(p, f, Isa::set1(9.6181291e-3F));
    }
    p = Isa::fma(p, f, Isa::set1(5.5504109e-2F));
    p = Isa::fma(p, f, Isa::set1(2.4022651e-1F));
    p = Isa::fma(p, f, Isa::set1(6.9314718e-1F));
    p = Isa::fma(p, f, Isa::set1(1.0F));
    return Isa::ldexp(p, n);
}

// 0.5 x (1 + tanh(z)) = x / (1 + e^(-2z)), z = sqrt(2 / pi) (x + 0.044715 x^3)
template <InstructionSet Isa>
MEDGEMMA_INLINE typename Isa::Vec gelu(typename Isa::Vec x) {
    constexpr float kMinusTwoLog2E = -2.0F * 1.44269504F;
    constexpr float kSqrtTwoOverPi = 0.79788456F;
    const auto cubic = Isa::fma(Isa::mul(x, x), Isa::set1(0.044715F), Isa::set1(1.0F));
    const auto exponent = Isa::mul(Isa::mul(x, cubic), Isa::set1(kMinusTwoLog2E * kSqrtTwoOverPi));
    const auto limited = Isa::sub(Isa::zero(), Isa::max(Isa::sub(Isa::zero(), exponent), Isa::set1(-126.0F))); // at most 126
    return Isa::div(x, Isa::add(Isa::set1(1.0F), exp2<Isa>(limited)));
}

template <InstructionSet Isa>
MEDGEMMA_INLINE float sum_of(typename Isa::Vec x) {
    float lanes[Isa::kLanes];
    Isa::store(lanes, x);
    float sum = 0.0F;
    for (int i = 0; i < Isa::kLanes; ++i) {
        sum += lanes[i];
    }
    return sum;
}

} // namespace
} // namespace medgemma
