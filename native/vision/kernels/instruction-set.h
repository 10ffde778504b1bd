// What a kernel needs of an instruction set. Each set is a struct of static members in a file of its own (sets.h).
#pragma once

#include <concepts>
#include <cstdint>

namespace medgemma {

// clang-format off

// The sizes that tiles and packed matrices follow.
template <class Isa>
concept HasTileShape = requires {
    { Isa::name } -> std::convertible_to<const char *>; // as in MEDGEMMA_CPU_KERNELS
    { Isa::kRows } -> std::convertible_to<int>; // rows of a tile
    { Isa::kVectors } -> std::convertible_to<int>; // vectors side by side in a row of a tile
    { Isa::kLanes } -> std::convertible_to<int>; // floats of a vector
    { Isa::kPair } -> std::convertible_to<int>; // neighbouring k of an operand: 1 in F32, 2 in BF16
    requires Isa::kPair == 1 || Isa::kPair == 2;
};

// `Vec`: kLanes floats.
template <class Isa, class Vec = typename Isa::Vec>
concept HasVectors = sizeof(Vec) == Isa::kLanes * sizeof(float) &&
    requires(Vec a, Vec b, Vec c, const float * from, float * to) {
    { Isa::zero() } -> std::same_as<Vec>;
    { Isa::set1(1.0F) } -> std::same_as<Vec>; // the same float in every lane
    { Isa::load(from) } -> std::same_as<Vec>; // from any address, aligned or not
    { Isa::store(to, a) } -> std::same_as<void>; // to any address
    { Isa::add(a, b) } -> std::same_as<Vec>;
    { Isa::sub(a, b) } -> std::same_as<Vec>;
    { Isa::mul(a, b) } -> std::same_as<Vec>;
    { Isa::div(a, b) } -> std::same_as<Vec>;
    { Isa::max(a, b) } -> std::same_as<Vec>;
    { Isa::fma(a, b, c) } -> std::same_as<Vec>; // a * b + c
    { Isa::round(a) } -> std::same_as<Vec>; // to the nearest whole number
    { Isa::ldexp(a, b) } -> std::same_as<Vec>; // a * 2^b for whole numbers b
    // Whether ldexp makes 0 of b below -126, however far. Otherwise b must not go below -126.
    { Isa::kLdexpUnderflows } -> std::convertible_to<bool>;
    // The square root of one float. std::sqrt could be the function of another file (tiled.h).
    { Isa::sqrt(1.0F) } -> std::same_as<float>;
};

// kLanes values of a type that weights have, as floats.
template <class Isa, class Vec = typename Isa::Vec>
concept ReadsWeights = requires(const uint16_t * words, const int8_t * bytes) {
    { Isa::load_half(words) } -> std::same_as<Vec>; // F16
    { Isa::load_bfloat(words) } -> std::same_as<Vec>; // BF16
    { Isa::load_int8(bytes) } -> std::same_as<Vec>;
};

// `Operand`: what one lane multiplies: a float, or two BF16 of neighbouring k in a uint32_t, the first in the low half.
// `Operands`: a vector of kLanes of them.
template <class Isa, class Vec = typename Isa::Vec>
concept MultipliesOperands = sizeof(typename Isa::Operand) == sizeof(float) &&
    sizeof(typename Isa::Operands) == sizeof(Vec) &&
    requires(Vec sum, typename Isa::Operands a, typename Isa::Operands b, const typename Isa::Operand * from) {
    { Isa::load_operands(from) } -> std::same_as<typename Isa::Operands>;
    { Isa::broadcast_operand(from) } -> std::same_as<typename Isa::Operands>; // *from in every lane
    { Isa::mac(sum, a, b) } -> std::same_as<Vec>; // sum + a * b; of a pair, the sum of both products
};

// With kPair = 2, floats become BF16, rounded to the nearest.
template <class Isa, class Vec = typename Isa::Vec>
concept RoundsToPairs = Isa::kPair == 1 ||
    requires(Vec even, Vec odd, uint16_t * values, typename Isa::Operand * pairs) {
    { Isa::store_bfloat(values, even) } -> std::same_as<void>; // kLanes values
    { Isa::store_pairs(pairs, even, odd) } -> std::same_as<void>; // kLanes pairs, even[i] in the low half, odd[i] in the high
};

// clang-format on

template <class Isa>
concept InstructionSet =
    HasTileShape<Isa> && HasVectors<Isa> && ReadsWeights<Isa> && MultipliesOperands<Isa> && RoundsToPairs<Isa>;

} // namespace medgemma
