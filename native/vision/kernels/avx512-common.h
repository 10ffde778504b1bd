// What both AVX-512 kernels share. Included only by files that are compiled for AVX-512.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace medgemma {
namespace {

struct Avx512Vectors {
    static constexpr int kRows = 12; // 24 of the 32 registers hold sums
    static constexpr int kVectors = 2;
    static constexpr int kLanes = 16;
    static constexpr bool kLdexpUnderflows = true;

    using Vec = __m512;
    static Vec zero() { return _mm512_setzero_ps(); }
    static Vec set1(float x) { return _mm512_set1_ps(x); }
    static Vec load(const float * from) { return _mm512_loadu_ps(from); }
    static void store(float * to, Vec x) { _mm512_storeu_ps(to, x); }
    static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
    static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
    static Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
    static Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
    static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
    static Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
    static Vec round(Vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static Vec ldexp(Vec x, Vec n) { return _mm512_scalef_ps(x, n); }
    static float sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

    static Vec load_half(const uint16_t * from) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)));
    }
    static Vec load_bfloat(const uint16_t * from) {
        const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)));
        return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    }
    static Vec load_int8(const int8_t * from) {
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from))));
    }
};

} // namespace
} // namespace medgemma
