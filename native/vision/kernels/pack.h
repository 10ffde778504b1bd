// Brings both factors of a product into the order that a tile reads them in (tile.h).
#pragma once

#include <cstring>

#include "vision/kernels/instruction-set.h"
#include "vision/kernels/kernels.h"
#include "vision/kernels/tile.h"

namespace medgemma {
namespace {

constexpr int64_t kBlockOf8Bits = 32; // values of a Q8_0 block: a scale in F16, then 32 integers

// Rows of floats to operands.
template <InstructionSet Isa>
struct RowPacking {
    using Vec = typename Isa::Vec;
    using Operand = typename Isa::Operand;
    static constexpr int kLanes = Isa::kLanes;
    static constexpr int kPair = Isa::kPair;

    // `values` to the operands from value `i` on.
    static MEDGEMMA_INLINE void store_operands(Operand * to, int64_t i, Vec values) {
        if constexpr (kPair == 2) {
            Isa::store_bfloat(reinterpret_cast<uint16_t *>(to) + i, values);
        } else {
            Isa::store(to + i, values);
        }
    }

    // `row`: room for k floats, rounded up to whole vectors. Returns the row's operands, side by side.
    static const Operand * convert(float * row, int64_t k) {
        for (int64_t i = k; i < parts_of(k, kLanes) * kLanes; ++i) {
            row[i] = 0.0F;
        }
        if constexpr (kPair == 1) {
            return row;
        } else {
            auto * operands = reinterpret_cast<Operand *>(row); // in place: an operand is behind the floats that it is made of
            for (int64_t i = 0; i < k; i += kLanes) {
                store_operands(operands, i, Isa::load(row + i));
            }
            return operands;
        }
    }

    // [step][row] in tiles of `width` rows; rows that are missing are zero.
    static void interleave(const Operand * row, int64_t steps, int64_t width, int64_t position, Operand * tile) {
        for (int64_t step = 0; step < steps; ++step) {
            tile[step * width + position] = row[step];
        }
    }
};

// Weights of a file to panels of kColumns rows, and panels to operands.
template <InstructionSet Isa>
struct WeightPacking {
    using Operand = typename Isa::Operand;
    static constexpr int kLanes = Isa::kLanes;
    static constexpr int kPair = Isa::kPair;
    static constexpr int kColumns = Tile<Isa>::kColumns;

    static constexpr size_t panel_bytes(WeightType type, int64_t in) {
        const int64_t values = Tile<Isa>::steps_of(in) * kPair * kColumns;
        switch (type) {
            case WeightType::F32:
                return aligned(static_cast<size_t>(values) * 4);
            case WeightType::Q8_0:
                return aligned(static_cast<size_t>(in / kBlockOf8Bits * kColumns * (kBlockOf8Bits + 2)));
            default:
                return aligned(static_cast<size_t>(values) * 2);
        }
    }

    static WeightType packed_type(WeightType type) { return type == WeightType::F16 && kPair == 2 ? WeightType::BF16 : type; }

    static size_t packed_bytes(WeightType type, int64_t in, int64_t out) {
        return static_cast<size_t>(parts_of(out, kColumns)) * panel_bytes(type, in);
    }

    // In a panel of kColumns rows of W: [step][column][pair], for Q8_0 in every block of 32 first the scales [column].
    template <typename Value>
    static void pack_row(const uint8_t * row, int64_t in, Value * panel, int64_t column) {
        for (int64_t k = 0; k < in; ++k) {
            Value value;
            std::memcpy(&value, row + k * static_cast<int64_t>(sizeof(Value)), sizeof(Value));
            panel[(k / kPair * kColumns + column) * kPair + k % kPair] = value;
        }
    }

    static void pack_row_of_halves(const uint8_t * row, int64_t in, uint16_t * panel, int64_t column) {
        if constexpr (kPair == 1) {
            pack_row(row, in, panel, column);
        } else {
            for (int64_t k = 0; k < in; k += kLanes) {
                const int64_t count = min_of(kLanes, in - k);
                uint16_t values[kLanes] = {};
                std::memcpy(values, row + k * 2, static_cast<size_t>(count) * 2);
                Isa::store_bfloat(values, Isa::load_half(values));
                for (int64_t i = 0; i < count; ++i) {
                    panel[((k + i) / kPair * kColumns + column) * kPair + (k + i) % kPair] = values[i];
                }
            }
        }
    }

    static void pack_row_of_blocks(const uint8_t * row, int64_t in, uint8_t * panel, int64_t column) {
        constexpr int64_t kStored = kBlockOf8Bits + 2;
        for (int64_t block = 0; block < in / kBlockOf8Bits; ++block) {
            const uint8_t * from = row + block * kStored;
            uint8_t * to = panel + block * kStored * kColumns;
            std::memcpy(to + column * 2, from, 2);
            for (int64_t k = 0; k < kBlockOf8Bits; ++k) {
                to[2 * kColumns + (k / kPair * kColumns + column) * kPair + k % kPair] = from[2 + k];
            }
        }
    }

    static void pack(
        WeightType type, int64_t in, int64_t out, int64_t first, int64_t count, const uint8_t * rows, uint8_t * packed) {
        const size_t bytes = panel_bytes(type, in);
        if (first == 0) {
            std::memset(packed, 0, packed_bytes(type, in, out)); // what is beyond the last row and the last k must be finite
        }
        for (int64_t i = 0; i < count; ++i) {
            uint8_t * panel = packed + static_cast<size_t>((first + i) / kColumns) * bytes;
            const int64_t column = (first + i) % kColumns;
            switch (type) {
                case WeightType::F32:
                    pack_row(rows + i * in * 4, in, reinterpret_cast<float *>(panel), column);
                    break;
                case WeightType::Q8_0:
                    pack_row_of_blocks(rows + i * (in / kBlockOf8Bits) * (kBlockOf8Bits + 2), in, panel, column);
                    break;
                case WeightType::F16:
                    pack_row_of_halves(rows + i * in * 2, in, reinterpret_cast<uint16_t *>(panel), column);
                    break;
                case WeightType::BF16:
                    pack_row(rows + i * in * 2, in, reinterpret_cast<uint16_t *>(panel), column);
            }
        }
    }

    // A panel as operands: the panel itself where that is what is stored, else converted into `buffer`.
    static const Operand * operands_of(const PackedMatrix & w, int64_t panel, Operand * buffer) {
        const uint8_t * stored = w.bytes + static_cast<size_t>(panel) * panel_bytes(w.type, w.in);
        const int64_t values = Tile<Isa>::steps_of(w.in) * kPair * kColumns;
        switch (w.type) {
            case WeightType::F32:
                if constexpr (kPair == 1) {
                    return reinterpret_cast<const Operand *>(stored);
                }
                for (int64_t i = 0; i < values; i += kLanes) {
                    RowPacking<Isa>::store_operands(buffer, i, Isa::load(reinterpret_cast<const float *>(stored) + i));
                }
                return buffer;
            case WeightType::BF16:
                if constexpr (kPair == 2) {
                    return reinterpret_cast<const Operand *>(stored);
                }
                for (int64_t i = 0; i < values; i += kLanes) {
                    RowPacking<Isa>::store_operands(buffer, i,
                                                    Isa::load_bfloat(reinterpret_cast<const uint16_t *>(stored) + i));
                }
                return buffer;
            case WeightType::F16:
                for (int64_t i = 0; i < values; i += kLanes) {
                    RowPacking<Isa>::store_operands(buffer, i, Isa::load_half(reinterpret_cast<const uint16_t *>(stored) + i));
                }
                return buffer;
            case WeightType::Q8_0:
                for (int64_t block = 0; block < w.in / kBlockOf8Bits; ++block) {
                    expand_block(stored + block * (kBlockOf8Bits + 2) * kColumns, buffer, block * kBlockOf8Bits * kColumns);
                }
                return buffer;
        }
        return buffer;
    }

    static void expand_block(const uint8_t * stored, Operand * buffer, int64_t at) {
        float scales[kColumns * kPair]; // as often as a column's values stand side by side
        float halves[kColumns];
        for (int c = 0; c < kColumns; c += kLanes) {
            Isa::store(halves + c, Isa::load_half(reinterpret_cast<const uint16_t *>(stored) + c));
        }
        for (int i = 0; i < kColumns * kPair; ++i) {
            scales[i] = halves[i / kPair];
        }
        const auto * values = reinterpret_cast<const int8_t *>(stored) + 2 * kColumns;
        for (int64_t i = 0; i < kBlockOf8Bits * kColumns; i += kColumns * kPair) {
            for (int j = 0; j < kColumns * kPair; j += kLanes) {
                RowPacking<Isa>::store_operands(buffer, at + i + j,
                                                Isa::mul(Isa::load_int8(values + i + j), Isa::load(scales + j)));
            }
        }
    }
};

} // namespace
} // namespace medgemma
