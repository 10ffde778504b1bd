// The kernels as a template over an instruction set. Included by one source file for each set, which is compiled for it.
//
// A product is made of tiles: kRows rows of the left factor times kVectors vectors of columns of the right one, held in
// registers while k runs. Both factors are packed first, so that the inner loop reads them straight through: the left one
// [k][row], the right one [k][column]. With kPair = 2 an operand is two neighbouring k in BF16, and one instruction adds
// both products.
//
// Everything is in an unnamed namespace and calls nothing from the standard library: a function that other files share might
// otherwise be taken from here, and crash on processors without these instructions.
//
// An instruction set has:
//   name, kRows, kVectors, kLanes, kPair
//   Vec: kLanes floats. load, store, set1, zero, add, sub, mul, div, max, fma(a, b, c) = a * b + c, round, ldexp(x, n) = x *
//   2^n load_half, load_bfloat, load_int8: kLanes values of that type as floats Operand: float, or uint32_t for a pair.
//   Operands: a vector of them. load_operands, broadcast_operand, mac(sum, a, b) = sum + a * b with kPair = 2:
//   store_bfloat(uint16_t *, Vec), store_pairs(uint32_t *, Vec even, Vec odd)
#pragma once

#include <cstring>

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

constexpr int64_t at_least(int64_t a, int64_t b) {
    return a > b ? a : b;
}

constexpr int64_t at_most(int64_t a, int64_t b) {
    return a < b ? a : b;
}

constexpr int64_t parts_of(int64_t count, int64_t size) {
    return (count + size - 1) / size;
}

constexpr size_t aligned(size_t bytes) {
    return (bytes + kKernelAlignment - 1) / kKernelAlignment * kKernelAlignment;
}

constexpr int64_t kBlockOf8Bits = 32; // values of a Q8_0 block: a scale in F16, then 32 integers

template <class Isa>
struct Tiled {
    using Vec = typename Isa::Vec;
    using Operand = typename Isa::Operand;

    static constexpr int kRows = Isa::kRows;
    static constexpr int kVectors = Isa::kVectors;
    static constexpr int kLanes = Isa::kLanes;
    static constexpr int kPair = Isa::kPair;
    static constexpr int kColumns = kVectors * kLanes;

    static constexpr int64_t steps_of(int64_t k) { return parts_of(k, kPair); }

    // Bytes of packed left factor that stay in a core's own cache while the right one streams by.
    static constexpr int64_t kLeftBytes = 448 * 1024;
    static constexpr int64_t kMostLeftTiles = 16;

    // Keys that are looked at together, and queries: scores of one panel of queries stay in the innermost cache.
    static constexpr int64_t kKeys = 192;
    static constexpr int64_t kQueryPanels = 4;
    static_assert(kKeys % kRows == 0 && kKeys % kPair == 0);

    // ---- the tile ----

    struct Tile {
        Vec sum[kRows][kVectors];
    };

    static MEDGEMMA_INLINE void multiply(Tile & tile, const Operand * left, const Operand * right, int64_t steps) {
        for (int64_t step = 0; step < steps; ++step) {
            typename Isa::Operands columns[kVectors];
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                columns[v] = Isa::load_operands(right + v * kLanes);
            }
            MEDGEMMA_UNROLL
            for (int r = 0; r < kRows; ++r) {
                const typename Isa::Operands row = Isa::broadcast_operand(left + r);
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    tile.sum[r][v] = Isa::mac(tile.sum[r][v], row, columns[v]);
                }
            }
            left += kRows;
            right += kColumns;
        }
    }

    static MEDGEMMA_INLINE void clear(Tile & tile) {
        MEDGEMMA_UNROLL
        for (int r = 0; r < kRows; ++r) {
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                tile.sum[r][v] = Isa::zero();
            }
        }
    }

    // ---- functions of vectors ----

    // 2^x for x up to 126. Below -126 it is some value under 2e-38, or 0.
    static MEDGEMMA_INLINE Vec exp2(Vec x) {
        if constexpr (!Isa::kLdexpUnderflows) {
            x = Isa::max(x, Isa::set1(-126.0F));
        }
        const Vec n = Isa::round(x);
        const Vec f = Isa::sub(x, n); // -0.5 to 0.5
        // The Taylor series of e^(f ln 2). The first term left out is 1.2e-7 at most; where the result is rounded to BF16
        // (4e-3), 4e-5.
        Vec p = Isa::set1(9.6181291e-3F);
        if constexpr (kPair == 1) {
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
    static MEDGEMMA_INLINE Vec gelu(Vec x) {
        constexpr float kMinusTwoLog2E = -2.0F * 1.44269504F;
        constexpr float kSqrtTwoOverPi = 0.79788456F;
        const Vec cubic = Isa::fma(Isa::mul(x, x), Isa::set1(0.044715F), Isa::set1(1.0F));
        const Vec exponent = Isa::mul(Isa::mul(x, cubic), Isa::set1(kMinusTwoLog2E * kSqrtTwoOverPi));
        const Vec limited = Isa::sub(Isa::zero(), Isa::max(Isa::sub(Isa::zero(), exponent), Isa::set1(-126.0F))); // at most 126
        return Isa::div(x, Isa::add(Isa::set1(1.0F), exp2(limited)));
    }

    static MEDGEMMA_INLINE float sum_of(Vec x) {
        float lanes[kLanes];
        Isa::store(lanes, x);
        float sum = 0.0F;
        for (int i = 0; i < kLanes; ++i) {
            sum += lanes[i];
        }
        return sum;
    }

    // ---- weights ----

    static constexpr size_t panel_bytes(WeightType type, int64_t in) {
        const int64_t values = steps_of(in) * kPair * kColumns;
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
                const int64_t count = at_most(kLanes, in - k);
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

    static MEDGEMMA_INLINE void store_operands(Operand * to, int64_t i, Vec values) {
        if constexpr (kPair == 2) {
            Isa::store_bfloat(reinterpret_cast<uint16_t *>(to) + i, values);
        } else {
            Isa::store(to + i, values);
        }
    }

    // A panel as operands: the panel itself where that is what is stored, else converted into `buffer`.
    static const Operand * operands_of(const PackedMatrix & w, int64_t panel, Operand * buffer) {
        const uint8_t * stored = w.bytes + static_cast<size_t>(panel) * panel_bytes(w.type, w.in);
        const int64_t values = steps_of(w.in) * kPair * kColumns;
        switch (w.type) {
            case WeightType::F32:
                if constexpr (kPair == 1) {
                    return reinterpret_cast<const Operand *>(stored);
                }
                for (int64_t i = 0; i < values; i += kLanes) {
                    store_operands(buffer, i, Isa::load(reinterpret_cast<const float *>(stored) + i));
                }
                return buffer;
            case WeightType::BF16:
                if constexpr (kPair == 2) {
                    return reinterpret_cast<const Operand *>(stored);
                }
                for (int64_t i = 0; i < values; i += kLanes) {
                    store_operands(buffer, i, Isa::load_bfloat(reinterpret_cast<const uint16_t *>(stored) + i));
                }
                return buffer;
            case WeightType::F16:
                for (int64_t i = 0; i < values; i += kLanes) {
                    store_operands(buffer, i, Isa::load_half(reinterpret_cast<const uint16_t *>(stored) + i));
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
                store_operands(buffer, at + i + j, Isa::mul(Isa::load_int8(values + i + j), Isa::load(scales + j)));
            }
        }
    }

    // ---- rows of floats to operands ----

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

    static void normalise(const LinearJob & job, const float * x, float * row) {
        const int64_t k = job.weight.in;
        const int64_t whole = k / kLanes * kLanes;
        Vec sums = Isa::zero();
        for (int64_t i = 0; i < whole; i += kLanes) {
            sums = Isa::add(sums, Isa::load(x + i));
        }
        float mean = sum_of(sums);
        for (int64_t i = whole; i < k; ++i) {
            mean += x[i];
        }
        mean /= static_cast<float>(k);

        const Vec means = Isa::set1(mean);
        sums = Isa::zero();
        for (int64_t i = 0; i < whole; i += kLanes) {
            const Vec centred = Isa::sub(Isa::load(x + i), means);
            sums = Isa::fma(centred, centred, sums);
        }
        float variance = sum_of(sums);
        for (int64_t i = whole; i < k; ++i) {
            variance += (x[i] - mean) * (x[i] - mean);
        }
        const float scale = 1.0F / Isa::sqrt(variance / static_cast<float>(k) + job.norm_epsilon);

        const Vec scales = Isa::set1(scale);
        for (int64_t i = 0; i < whole; i += kLanes) {
            const Vec centred = Isa::mul(Isa::sub(Isa::load(x + i), means), scales);
            Isa::store(row + i, Isa::fma(centred, Isa::load(job.norm_weight + i), Isa::load(job.norm_bias + i)));
        }
        for (int64_t i = whole; i < k; ++i) {
            row[i] = (x[i] - mean) * scale * job.norm_weight[i] + job.norm_bias[i];
        }
    }

    // ---- linear ----

    static int64_t linear_block(int64_t in, int64_t rows, int threads) {
        const int64_t tile_bytes = steps_of(in) * kRows * static_cast<int64_t>(sizeof(Operand));
        const int64_t fitting = at_least(1, at_most(kMostLeftTiles, kLeftBytes / tile_bytes));
        // Four blocks a thread at least, so that all end at about the same time.
        const int64_t shared = at_least(1, rows / (kRows * 4 * threads));
        return kRows * at_most(fitting, shared);
    }

    static size_t left_bytes(int64_t in, int64_t block) {
        return aligned(static_cast<size_t>(parts_of(block, kRows) * kRows * steps_of(in)) * sizeof(Operand));
    }

    static size_t row_bytes(int64_t in) { return aligned(static_cast<size_t>(parts_of(in, kLanes) * kLanes) * sizeof(float)); }

    static size_t linear_scratch(int64_t in, int64_t block) {
        return left_bytes(in, block) + row_bytes(in) + aligned(static_cast<size_t>(steps_of(in) * kColumns) * sizeof(Operand));
    }

    static void linear(const LinearJob & job, int64_t first, int64_t count, uint8_t * scratch) {
        const int64_t k = job.weight.in;
        const int64_t steps = steps_of(k);
        const int64_t tiles = parts_of(count, kRows);
        auto * left = reinterpret_cast<Operand *>(scratch);
        auto * row = reinterpret_cast<float *>(scratch + left_bytes(k, count));
        auto * buffer = reinterpret_cast<Operand *>(scratch + left_bytes(k, count) + row_bytes(k));

        for (int64_t i = 0; i < tiles * kRows; ++i) {
            Operand * tile = left + i / kRows * kRows * steps;
            if (i >= count) {
                for (int64_t step = 0; step < steps; ++step) {
                    tile[step * kRows + i % kRows] = Operand{};
                }
                continue;
            }
            const float * x = job.x + (first + i) * k;
            if (job.norm_weight == nullptr) {
                std::memcpy(row, x, static_cast<size_t>(k) * sizeof(float));
            } else {
                normalise(job, x, row);
            }
            interleave(convert(row, k), steps, kRows, i % kRows, tile);
        }

        for (int64_t column = 0; column < job.weight.out; column += kColumns) {
            const Operand * right = operands_of(job.weight, column / kColumns, buffer);
            for (int64_t i = 0; i < tiles; ++i) {
                Tile tile;
                clear(tile);
                multiply(tile, left + i * kRows * steps, right, steps);
                finish(job, tile, first + i * kRows, at_most(kRows, count - i * kRows), column);
            }
        }
    }

    // Bias, GELU and residual, and the tile's `rows` rows into y.
    static MEDGEMMA_INLINE void finish(const LinearJob & job, Tile & tile, int64_t first, int64_t rows, int64_t column) {
        const int64_t out = job.weight.out;
        const int64_t columns = at_most(kColumns, out - column);
        float padded_bias[kColumns] = {};
        const float * bias = job.bias + column;
        if (columns < kColumns) {
            for (int64_t c = 0; c < columns; ++c) {
                padded_bias[c] = bias[c];
            }
            bias = padded_bias;
        }
        MEDGEMMA_UNROLL
        for (int v = 0; v < kVectors; ++v) {
            const Vec biases = Isa::load(bias + v * kLanes);
            MEDGEMMA_UNROLL
            for (int r = 0; r < kRows; ++r) {
                const Vec value = Isa::add(tile.sum[r][v], biases);
                tile.sum[r][v] = job.gelu ? gelu(value) : value;
            }
        }
        MEDGEMMA_UNROLL
        for (int r = 0; r < kRows; ++r) {
            if (r >= rows) {
                continue;
            }
            const int64_t at = (first + r) * out + column;
            if (columns == kColumns) {
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    const Vec value = tile.sum[r][v];
                    const int64_t to = at + v * kLanes;
                    Isa::store(job.y + to, job.residual == nullptr ? value : Isa::add(value, Isa::load(job.residual + to)));
                }
                continue;
            }
            float values[kColumns];
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                Isa::store(values + v * kLanes, tile.sum[r][v]);
            }
            for (int64_t c = 0; c < columns; ++c) {
                job.y[at + c] = values[c] + (job.residual == nullptr ? 0.0F : job.residual[at + c]);
            }
        }
    }

    // ---- attention ----
    //
    // Scores are made transposed, (keys, queries): a vector holds neighbouring queries, so the softmax over keys needs no sums
    // across lanes, and the weights lie as the right factor of the second product needs them: (values)^T (weights).

    static constexpr int64_t kQueries = kQueryPanels * kColumns;

    static size_t keys_bytes(int64_t n, int64_t head_size) {
        return aligned(static_cast<size_t>(parts_of(n, kRows) * kRows * steps_of(head_size)) * sizeof(Operand));
    }

    // Of one chunk of keys: [tile of dimensions][step of keys][dimension]
    static int64_t chunk_operands(int64_t head_size) { return parts_of(head_size, kRows) * kRows * (kKeys / kPair); }

    static size_t packed_head_bytes(int64_t n, int64_t head_size) {
        return keys_bytes(n, head_size) +
               aligned(static_cast<size_t>(parts_of(n, kKeys) * chunk_operands(head_size)) * sizeof(Operand));
    }

    // Keys and values of the rows of one block, for all heads: the rows are read straight through.
    static void pack_keys(const AttentionJob & job, int64_t first, int64_t count) {
        const int64_t d = job.head_size;
        const int64_t steps = steps_of(d);
        const size_t head_bytes = packed_head_bytes(job.n, d);
        const bool is_last = first + count == job.n;
        for (int64_t head = 0; head < job.heads; ++head) {
            uint8_t * packed = job.packed + static_cast<size_t>(head) * head_bytes;
            auto * keys = reinterpret_cast<Operand *>(packed) + first * steps;
            auto * chunk = reinterpret_cast<Operand *>(packed + keys_bytes(job.n, d)) + first / kKeys * chunk_operands(d);
            if (is_last) { // what fills the last tile of keys
                std::memset(keys, 0, static_cast<size_t>(parts_of(count, kRows) * kRows * steps) * sizeof(Operand));
            }
            if (d % kRows != 0) { // dimensions that fill the last tile of values
                std::memset(chunk, 0, static_cast<size_t>(chunk_operands(d)) * sizeof(Operand));
            }
        }
        for (int64_t i = 0; i < count; i += kPair) {
            const float * row = job.qkv + (first + i) * 3 * job.heads * d;
            const float * odd_row = i + 1 < count ? row + 3 * job.heads * d : nullptr;
            for (int64_t head = 0; head < job.heads; ++head) {
                uint8_t * packed = job.packed + static_cast<size_t>(head) * head_bytes;
                auto * keys = reinterpret_cast<Operand *>(packed) + first * steps;
                auto * chunk = reinterpret_cast<Operand *>(packed + keys_bytes(job.n, d)) + first / kKeys * chunk_operands(d);
                pack_key(row + (job.heads + head) * d, d, i, keys);
                if (kPair == 2 && odd_row != nullptr) {
                    pack_key(odd_row + (job.heads + head) * d, d, i + 1, keys);
                }
                const float * odd_value = odd_row == nullptr ? nullptr : odd_row + (2 * job.heads + head) * d;
                pack_value(row + (2 * job.heads + head) * d, odd_value, d, chunk + i / kPair * kRows);
            }
        }
    }

    static MEDGEMMA_INLINE void pack_key(const float * key, int64_t d, int64_t position, Operand * keys) {
        float row[kLongestHead];
        std::memcpy(row, key, static_cast<size_t>(d) * sizeof(float));
        interleave(convert(row, d), steps_of(d), kRows, position % kRows, keys + position / kRows * kRows * steps_of(d));
    }

    // One step of a chunk: a value, or a pair of them.
    static MEDGEMMA_INLINE void pack_value(const float * even, const float * odd, int64_t d, Operand * step) {
        Operand operands[kLongestHead];
        if constexpr (kPair == 1) {
            std::memcpy(operands, even, static_cast<size_t>(d) * sizeof(float));
        } else {
            float even_row[kLongestHead];
            float odd_row[kLongestHead] = {};
            std::memcpy(even_row, even, static_cast<size_t>(d) * sizeof(float));
            if (odd != nullptr) {
                std::memcpy(odd_row, odd, static_cast<size_t>(d) * sizeof(float));
            }
            for (int64_t j = 0; j < d; j += kLanes) {
                Isa::store_pairs(operands + j, Isa::load(even_row + j), Isa::load(odd_row + j));
            }
        }
        for (int64_t j = 0; j < d; ++j) {
            step[j / kRows * kRows * (kKeys / kPair) + j % kRows] = operands[j];
        }
    }

    // A part of the scratch memory, one after another.
    template <typename T>
    static T * take(uint8_t *& scratch, int64_t count) {
        auto * part = reinterpret_cast<T *>(scratch);
        scratch += aligned(static_cast<size_t>(count) * sizeof(T));
        return part;
    }

    static size_t attention_scratch(int64_t d) {
        uint8_t * end = nullptr;
        AttentionScratch{end, d};
        return reinterpret_cast<size_t>(end);
    }

    struct AttentionScratch {
        Operand * queries; // [panel][step][query]
        float * mixed; // [panel][dimension][query]: sums of values
        float * most; // [panel][query]: largest score so far
        float * total; // [panel][query]: sum of weights so far
        float * scores; // [key][query], of one panel
        Operand * weights; // [step of keys][query], of one panel

        AttentionScratch(uint8_t *& memory, int64_t d)
            : queries(take<Operand>(memory, kQueries * steps_of(d))),
              mixed(take<float>(memory, kQueries * parts_of(d, kRows) * kRows)), most(take<float>(memory, kQueries)),
              total(take<float>(memory, kQueries)), scores(take<float>(memory, kKeys * kColumns)),
              weights(take<Operand>(memory, kKeys / kPair * kColumns)) {}
    };

    static void attention(const AttentionJob & job, int64_t head, int64_t first, int64_t count, uint8_t * memory) {
        const int64_t d = job.head_size;
        const int64_t steps = steps_of(d);
        const int64_t panels = parts_of(count, kColumns);
        const int64_t panel_values = parts_of(d, kRows) * kRows * kColumns;
        const uint8_t * packed = job.packed + static_cast<size_t>(head) * packed_head_bytes(job.n, d);
        const auto * keys = reinterpret_cast<const Operand *>(packed);
        const auto * values = reinterpret_cast<const Operand *>(packed + keys_bytes(job.n, d));
        const AttentionScratch s(memory, d);

        pack_queries(job, head, first, count, s);
        std::memset(s.mixed, 0, static_cast<size_t>(panels * panel_values) * sizeof(float));
        for (int64_t i = 0; i < panels * kColumns; ++i) {
            s.most[i] = -1e30F;
            s.total[i] = 0.0F;
        }
        for (int64_t key = 0; key < job.n; key += kKeys) {
            const int64_t valid = at_most(kKeys, job.n - key);
            for (int64_t panel = 0; panel < panels; ++panel) {
                float * most = s.most + panel * kColumns;
                Vec scale[kVectors]; // of what was summed before, as the largest score grows
                Vec largest[kVectors];
                score(keys + key * steps, s.queries + panel * kColumns * steps, steps, valid, s.scores, largest);
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    const Vec before = Isa::load(most + v * kLanes);
                    largest[v] = Isa::max(before, largest[v]);
                    scale[v] = exp2(Isa::sub(before, largest[v]));
                    Isa::store(most + v * kLanes, largest[v]);
                }
                weigh(s.scores, valid, largest, scale, s.total + panel * kColumns, s.weights);
                const Operand * chunk = values + key / kKeys * chunk_operands(d);
                const int64_t used = steps_of(valid);
                for (int64_t i = 0; i < parts_of(d, kRows); ++i) {
                    float * mixed = s.mixed + panel * panel_values + i * kRows * kColumns;
                    Tile tile;
                    MEDGEMMA_UNROLL
                    for (int r = 0; r < kRows; ++r) {
                        MEDGEMMA_UNROLL
                        for (int v = 0; v < kVectors; ++v) {
                            tile.sum[r][v] = Isa::mul(Isa::load(mixed + r * kColumns + v * kLanes), scale[v]);
                        }
                    }
                    multiply(tile, chunk + i * kRows * (kKeys / kPair), s.weights, used);
                    MEDGEMMA_UNROLL
                    for (int r = 0; r < kRows; ++r) {
                        MEDGEMMA_UNROLL
                        for (int v = 0; v < kVectors; ++v) {
                            Isa::store(mixed + r * kColumns + v * kLanes, tile.sum[r][v]);
                        }
                    }
                }
            }
        }
        write_out(job, head, first, count, s, panel_values);
    }

    // Scaled, so that scores are exponents of 2.
    static void pack_queries(const AttentionJob & job, int64_t head, int64_t first, int64_t count, const AttentionScratch & s) {
        constexpr float kLog2E = 1.44269504F;
        const int64_t d = job.head_size;
        const int64_t steps = steps_of(d);
        const float scale = kLog2E / Isa::sqrt(static_cast<float>(d));
        for (int64_t i = 0; i < parts_of(count, kColumns) * kColumns; ++i) {
            float row[kLongestHead] = {};
            for (int64_t j = 0; i < count && j < d; ++j) {
                row[j] = job.qkv[((first + i) * 3 * job.heads + head) * d + j] * scale;
            }
            interleave(convert(row, d), steps, kColumns, i % kColumns, s.queries + i / kColumns * kColumns * steps);
        }
    }

    // Scores of `valid` keys, and the largest for each query.
    static MEDGEMMA_INLINE void score(
        const Operand * keys, const Operand * queries, int64_t steps, int64_t valid, float * scores, Vec (&largest)[kVectors]) {
        MEDGEMMA_UNROLL
        for (int v = 0; v < kVectors; ++v) {
            largest[v] = Isa::set1(-1e30F);
        }
        for (int64_t key = 0; key < valid; key += kRows) {
            Tile tile;
            clear(tile);
            multiply(tile, keys + key * steps, queries, steps);
            MEDGEMMA_UNROLL
            for (int r = 0; r < kRows; ++r) {
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    Isa::store(scores + (key + r) * kColumns + v * kLanes, tile.sum[r][v]);
                    if (key + r < valid) { // the rows that fill the last tile are no keys
                        largest[v] = Isa::max(largest[v], tile.sum[r][v]);
                    }
                }
            }
        }
    }

    // Scores to weights 2^(score - largest), as operands; adds them up.
    static MEDGEMMA_INLINE void weigh(const float * scores,
                                      int64_t valid,
                                      const Vec (&largest)[kVectors],
                                      const Vec (&scale)[kVectors],
                                      float * total,
                                      Operand * weights) {
        Vec sums[kVectors];
        MEDGEMMA_UNROLL
        for (int v = 0; v < kVectors; ++v) {
            sums[v] = Isa::mul(Isa::load(total + v * kLanes), scale[v]);
        }
        for (int64_t key = 0; key < valid; key += kPair) {
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                const Vec even = exp2(Isa::sub(Isa::load(scores + key * kColumns + v * kLanes), largest[v]));
                sums[v] = Isa::add(sums[v], even);
                Operand * to = weights + key / kPair * kColumns + v * kLanes;
                if constexpr (kPair == 1) {
                    Isa::store(to, even);
                } else {
                    Vec odd = Isa::zero();
                    if (key + 1 < valid) {
                        odd = exp2(Isa::sub(Isa::load(scores + (key + 1) * kColumns + v * kLanes), largest[v]));
                        sums[v] = Isa::add(sums[v], odd);
                    }
                    Isa::store_pairs(to, even, odd);
                }
            }
        }
        MEDGEMMA_UNROLL
        for (int v = 0; v < kVectors; ++v) {
            Isa::store(total + v * kLanes, sums[v]);
        }
    }

    static void write_out(const AttentionJob & job,
                          int64_t head,
                          int64_t first,
                          int64_t count,
                          const AttentionScratch & s,
                          int64_t panel_values) {
        const int64_t d = job.head_size;
        for (int64_t i = 0; i < count; ++i) {
            const float * mixed = s.mixed + i / kColumns * panel_values + i % kColumns;
            const float scale = 1.0F / s.total[i];
            float * y = job.y + ((first + i) * job.heads + head) * d;
            for (int64_t j = 0; j < d; ++j) {
                y[j] = mixed[j * kColumns] * scale;
            }
        }
    }

    // ---- the limit ----

    static constexpr int64_t kProductSteps = 96;
    static constexpr size_t kProductScratch = (kProductSteps * (kRows + kColumns)) * sizeof(Operand) + kKernelAlignment;

    static double products(int64_t repeats, uint8_t * scratch) {
        auto * right = reinterpret_cast<Operand *>(scratch);
        Operand * left = right + kProductSteps * kColumns;
        std::memset(scratch, 0, kProductScratch);
        Tile tile;
        clear(tile);
        for (int64_t i = 0; i < repeats; ++i) {
            multiply(tile, left, right, kProductSteps);
        }
        Vec sum = Isa::zero(); // of all, or the compiler would leave out what nobody asks for
        MEDGEMMA_UNROLL
        for (int r = 0; r < kRows; ++r) {
            MEDGEMMA_UNROLL
            for (int v = 0; v < kVectors; ++v) {
                sum = Isa::add(sum, tile.sum[r][v]);
            }
        }
        Isa::store(reinterpret_cast<float *>(scratch), sum);
        return 2.0 * static_cast<double>(repeats * kProductSteps * kPair * kRows * kColumns);
    }

    static constexpr CpuKernels kernels() {
        CpuKernels k{};
        k.name = Isa::name;
        k.rounds = kPair == 2;
        k.packed_type = packed_type;
        k.packed_bytes = packed_bytes;
        k.pack = pack;
        k.linear_block = linear_block;
        k.linear_scratch = linear_scratch;
        k.linear = linear;
        k.packed_head_bytes = packed_head_bytes;
        k.key_block = kKeys;
        k.pack_keys = pack_keys;
        k.attention_block = kQueries;
        k.attention_scratch = attention_scratch;
        k.attention = attention;
        k.product_scratch = kProductScratch;
        k.products = products;
        return k;
    }
};

} // namespace
} // namespace medgemma
