// Pixels that look like noise and are the same everywhere: scripts/reference/noise.py makes them by the same rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace medgemma::test {

// The upper byte of a 32-bit linear congruential generator (constants of Numerical Recipes).
inline std::vector<uint8_t> noise(size_t count, uint32_t seed) {
    std::vector<uint8_t> bytes(count);
    uint32_t state = seed;
    for (uint8_t & byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<uint8_t>(state >> 24);
    }
    return bytes;
}

// FNV-1a, 64 bits: enough to tell one differing byte.
inline uint64_t hash_of(std::span<const uint8_t> bytes) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (const uint8_t byte : bytes) {
        hash = (hash ^ byte) * 0x100000001b3U;
    }
    return hash;
}

} // namespace medgemma::test
