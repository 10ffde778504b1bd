// The inner loop alone, on factors that lie in the innermost cache: how fast products can be at all.
#pragma once

#include <cstring>

#include "vision/kernels/instruction-set.h"
#include "vision/kernels/kernels.h"
#include "vision/kernels/tile.h"

namespace medgemma {
namespace {

template <InstructionSet Isa>
struct ProductLimit {
    using Vec = typename Isa::Vec;
    using Operand = typename Isa::Operand;
    static constexpr int kRows = Isa::kRows;
    static constexpr int kVectors = Isa::kVectors;
    static constexpr int kColumns = Tile<Isa>::kColumns;

    static constexpr int64_t kSteps = 96;
    static constexpr size_t kScratchBytes = (kSteps * (kRows + kColumns)) * sizeof(Operand) + kKernelAlignment;

    static double products(int64_t repeats, uint8_t * scratch) {
        auto * right = reinterpret_cast<Operand *>(scratch);
        Operand * left = right + kSteps * kColumns;
        std::memset(scratch, 0, kScratchBytes);
        Tile<Isa> tile;
        tile.clear();
        for (int64_t i = 0; i < repeats; ++i) {
            tile.multiply(left, right, kSteps);
        }
        Vec sum = Isa::zero(); // of all, otherwise the compiler would leave out sums that are not used
        MEDGEMMA_UNROLL
        for (int r = 0; r < kRows; ++r) {
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                sum = Isa::add(sum, tile.sum[r][v]);
            }
        }
        Isa::store(reinterpret_cast<float *>(scratch), sum);
        return 2.0 * static_cast<double>(repeats * kSteps * Isa::kPair * kRows * kColumns);
    }
};

} // namespace
} // namespace medgemma
