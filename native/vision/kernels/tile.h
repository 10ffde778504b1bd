// A product is made of tiles: kRows rows of the left factor times kVectors vectors of columns of the right one, held in
// registers while k runs. Both factors are packed first (pack.h), so that the inner loop reads them straight through: the
// left one [k][row], the right one [k][column]. With kPair = 2 an operand is two neighbouring k in BF16, and one instruction
// adds both products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vision/kernels/instruction-set.h"
#include "vision/kernels/kernels.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define MEDGEMMA_INLINE __forceinline
#define MEDGEMMA_UNROLL
#else
#define MEDGEMMA_INLINE inline __attribute__((always_inline))
#define MEDGEMMA_UNROLL _Pragma("GCC unroll 16")
#endif

namespace medgemma {
namespace {

constexpr int64_t max_of(int64_t a, int64_t b) {
    return a > b ? a : b;
}

constexpr int64_t min_of(int64_t a, int64_t b) {
    return a < b ? a : b;
}

constexpr int64_t parts_of(int64_t count, int64_t size) {
    return (count + size - 1) / size;
}

constexpr size_t aligned(size_t bytes) {
    return (bytes + kKernelAlignment - 1) / kKernelAlignment * kKernelAlignment;
}

template <InstructionSet Isa>
struct Tile {
    using Operand = typename Isa::Operand;

    static constexpr int kRows = Isa::kRows;
    static constexpr int kVectors = Isa::kVectors;
    static constexpr int kColumns = kVectors * Isa::kLanes;

    typename Isa::Vec sum[kRows][kVectors];

    // A step takes one operand of each row and column.
    static constexpr int64_t steps_of(int64_t k) { return parts_of(k, Isa::kPair); }

    MEDGEMMA_INLINE void clear() {
        MEDGEMMA_UNROLL
        for (int r = 0; r < kRows; ++r) {
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                sum[r][v] = Isa::zero();
            }
        }
    }

    // Adds the product. left: [step][row]; right: [step][column].
    MEDGEMMA_INLINE void multiply(const Operand * left, const Operand * right, int64_t steps) {
        for (int64_t step = 0; step < steps; ++step) {
            typename Isa::Operands columns[kVectors];
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                columns[v] = Isa::load_operands(right + v * Isa::kLanes);
            }
            MEDGEMMA_UNROLL
            for (int r = 0; r < kRows; ++r) {
                const typename Isa::Operands row = Isa::broadcast_operand(left + r);
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    sum[r][v] = Isa::mac(sum[r][v], row, columns[v]);
                }
            }
            left += kRows;
            right += kColumns;
        }
    }
};

} // namespace
} // namespace medgemma
