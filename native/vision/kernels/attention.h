// y = softmax(q k^T / sqrt(head size)) v for every head.
//
// Scores are made transposed, (keys, queries): a vector holds neighbouring queries, so the softmax over keys needs no sums
// across lanes, and the weights lie as the right factor of the second product needs them: (values)^T (weights).
#pragma once

#include <cstring>

#include "vision/kernels/instruction-set.h"
#include "vision/kernels/kernels.h"
#include "vision/kernels/math.h"
#include "vision/kernels/pack.h"
#include "vision/kernels/tile.h"

namespace medgemma {
namespace {

template <InstructionSet Isa>
struct AttentionKernel {
    using Vec = typename Isa::Vec;
    using Operand = typename Isa::Operand;
    static constexpr int kRows = Isa::kRows;
    static constexpr int kVectors = Isa::kVectors;
    static constexpr int kLanes = Isa::kLanes;
    static constexpr int kPair = Isa::kPair;
    static constexpr int kColumns = Tile<Isa>::kColumns;

    // Keys and queries that are computed together. The scores of one panel of queries must stay in the L1 cache, which has
    // 32 KiB on most processors: with AVX-512 192 keys make 24 KiB of them. Fewer or more change little: on an AMD EPYC with
    // AVX-512, 4096 keys and heads of 72, chunks of 48 to 768 keys are within 5 % of each other with every instruction set.
    // 192 is a multiple of every kRows.
    static constexpr int64_t kKeys = 192;
    static constexpr int64_t kQueryPanels = 4;
    static_assert(kKeys % kRows == 0 && kKeys % kPair == 0);
    static constexpr int64_t kQueries = kQueryPanels * kColumns;

    static size_t keys_bytes(int64_t n, int64_t head_size) {
        return aligned(static_cast<size_t>(parts_of(n, kRows) * kRows * Tile<Isa>::steps_of(head_size)) * sizeof(Operand));
    }

    // Operands of the values of one chunk of keys: [tile of dimensions][step of keys][dimension]
    static int64_t chunk_operands(int64_t head_size) { return parts_of(head_size, kRows) * kRows * (kKeys / kPair); }

    static size_t head_bytes(int64_t n, int64_t head_size) {
        return keys_bytes(n, head_size) +
               aligned(static_cast<size_t>(parts_of(n, kKeys) * chunk_operands(head_size)) * sizeof(Operand));
    }

    // Keys and values of the rows of one block, for all heads: the rows are read straight through.
    static void pack_keys(const AttentionJob & job, int64_t first, int64_t count) {
        const int64_t d = job.head_size;
        const int64_t steps = Tile<Isa>::steps_of(d);
        const size_t bytes = head_bytes(job.n, d);
        const bool is_last = first + count == job.n;
        for (int64_t head = 0; head < job.heads; ++head) {
            uint8_t * packed = job.packed + static_cast<size_t>(head) * bytes;
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
                uint8_t * packed = job.packed + static_cast<size_t>(head) * bytes;
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
        float row[kMaxHeadSize];
        std::memcpy(row, key, static_cast<size_t>(d) * sizeof(float));
        RowPacking<Isa>::interleave(RowPacking<Isa>::convert(row, d), Tile<Isa>::steps_of(d), kRows, position % kRows,
                                    keys + position / kRows * kRows * Tile<Isa>::steps_of(d));
    }

    // One step of a chunk: a value, or a pair of them.
    static MEDGEMMA_INLINE void pack_value(const float * even, const float * odd, int64_t d, Operand * step) {
        Operand operands[kMaxHeadSize];
        if constexpr (kPair == 1) {
            std::memcpy(operands, even, static_cast<size_t>(d) * sizeof(float));
        } else {
            float even_row[kMaxHeadSize];
            float odd_row[kMaxHeadSize] = {};
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

    static size_t scratch_bytes(int64_t d) {
        uint8_t * end = nullptr;
        Scratch{end, d};
        return reinterpret_cast<size_t>(end);
    }

    struct Scratch {
        Operand * queries; // [panel][step][query]
        float * mixed; // [panel][dimension][query]: sums of values
        float * max; // [panel][query]: largest score so far
        float * total; // [panel][query]: sum of weights so far
        float * scores; // [key][query], of one panel
        Operand * weights; // [step of keys][query], of one panel

        Scratch(uint8_t *& memory, int64_t d)
            : queries(take<Operand>(memory, kQueries * Tile<Isa>::steps_of(d))),
              mixed(take<float>(memory, kQueries * parts_of(d, kRows) * kRows)), max(take<float>(memory, kQueries)),
              total(take<float>(memory, kQueries)), scores(take<float>(memory, kKeys * kColumns)),
              weights(take<Operand>(memory, kKeys / kPair * kColumns)) {}
    };

    static void compute(const AttentionJob & job, int64_t head, int64_t first, int64_t count, uint8_t * memory) {
        const int64_t d = job.head_size;
        const int64_t steps = Tile<Isa>::steps_of(d);
        const int64_t panels = parts_of(count, kColumns);
        const int64_t panel_values = parts_of(d, kRows) * kRows * kColumns;
        const uint8_t * packed = job.packed + static_cast<size_t>(head) * head_bytes(job.n, d);
        const auto * keys = reinterpret_cast<const Operand *>(packed);
        const auto * values = reinterpret_cast<const Operand *>(packed + keys_bytes(job.n, d));
        const Scratch s(memory, d);

        pack_queries(job, head, first, count, s);
        std::memset(s.mixed, 0, static_cast<size_t>(panels * panel_values) * sizeof(float));
        for (int64_t i = 0; i < panels * kColumns; ++i) {
            s.max[i] = -1e30F;
            s.total[i] = 0.0F;
        }
        for (int64_t key = 0; key < job.n; key += kKeys) {
            const int64_t valid = min_of(kKeys, job.n - key);
            for (int64_t panel = 0; panel < panels; ++panel) {
                float * max = s.max + panel * kColumns;
                Vec scale[kVectors]; // for what was summed before, as the largest score grows
                Vec largest[kVectors];
                score(keys + key * steps, s.queries + panel * kColumns * steps, steps, valid, s.scores, largest);
                MEDGEMMA_UNROLL
                for (int v = 0; v < kVectors; ++v) {
                    const Vec before = Isa::load(max + v * kLanes);
                    largest[v] = Isa::max(before, largest[v]);
                    scale[v] = exp2<Isa>(Isa::sub(before, largest[v]));
                    Isa::store(max + v * kLanes, largest[v]);
                }
                weigh(s.scores, valid, largest, scale, s.total + panel * kColumns, s.weights);
                const Operand * chunk = values + key / kKeys * chunk_operands(d);
                const int64_t used = Tile<Isa>::steps_of(valid);
                for (int64_t i = 0; i < parts_of(d, kRows); ++i) {
                    float * mixed = s.mixed + panel * panel_values + i * kRows * kColumns;
                    Tile<Isa> tile;
                    MEDGEMMA_UNROLL
                    for (int r = 0; r < kRows; ++r) {
                        MEDGEMMA_UNROLL
                        for (int v = 0; v < kVectors; ++v) {
                            tile.sum[r][v] = Isa::mul(Isa::load(mixed + r * kColumns + v * kLanes), scale[v]);
                        }
                    }
                    tile.multiply(chunk + i * kRows * (kKeys / kPair), s.weights, used);
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
    static void pack_queries(const AttentionJob & job, int64_t head, int64_t first, int64_t count, const Scratch & s) {
        constexpr float kLog2E = 1.44269504F;
        const int64_t d = job.head_size;
        const int64_t steps = Tile<Isa>::steps_of(d);
        const float scale = kLog2E / Isa::sqrt(static_cast<float>(d));
        for (int64_t i = 0; i < parts_of(count, kColumns) * kColumns; ++i) {
            float row[kMaxHeadSize] = {};
            for (int64_t j = 0; i < count && j < d; ++j) {
                row[j] = job.qkv[((first + i) * 3 * job.heads + head) * d + j] * scale;
            }
            RowPacking<Isa>::interleave(RowPacking<Isa>::convert(row, d), steps, kColumns, i % kColumns,
                                        s.queries + i / kColumns * kColumns * steps);
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
            Tile<Isa> tile;
            tile.clear();
            tile.multiply(keys + key * steps, queries, steps);
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
                const Vec even = exp2<Isa>(Isa::sub(Isa::load(scores + key * kColumns + v * kLanes), largest[v]));
                sums[v] = Isa::add(sums[v], even);
                Operand * to = weights + key / kPair * kColumns + v * kLanes;
                if constexpr (kPair == 1) {
                    Isa::store(to, even);
                } else {
                    Vec odd = Isa::zero();
                    if (key + 1 < valid) {
                        odd = exp2<Isa>(Isa::sub(Isa::load(scores + (key + 1) * kColumns + v * kLanes), largest[v]));
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

    static void write_out(
        const AttentionJob & job, int64_t head, int64_t first, int64_t count, const Scratch & s, int64_t panel_values) {
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
};

} // namespace
} // namespace medgemma
