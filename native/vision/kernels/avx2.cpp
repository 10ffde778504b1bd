// AVX2 with FMA and F16C: Intel since Haswell, AMD since Zen.
#include <immintrin.h>

#include "vision/kernels/sets.h"
#include "vision/kernels/tiled.h"

namespace medgemma {
namespace {

struct Avx2 {
    static constexpr const char * name = "avx2";
    static constexpr int kRows = 6; // 12 of the 16 registers hold sums
    static constexpr int kVectors = 2;
    static constexpr int kLanes = 8;
    static constexpr bool kLdexpUnderflows = false;
    static constexpr int kPair = 1;

    using Vec = __m256;
    static Vec zero() { return _mm256_setzero_ps(); }
    static Vec set1(float x) { return _mm256_set1_ps(x); }
    static Vec load(const float * from) { return _mm256_loadu_ps(from); }
    static void store(float * to, Vec x) { _mm256_storeu_ps(to, x); }
    static Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
    static Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
    static Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
    static Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
    static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
    static Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
    static Vec round(Vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static Vec ldexp(Vec x, Vec n) {
        return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
    }
    static float sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

    static Vec load_half(const uint16_t * from) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
    }
    static Vec load_bfloat(const uint16_t * from) {
        const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
        return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
    }
    static Vec load_int8(const int8_t * from) {
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from))));
    }

    using Operand = float;
    using Operands = __m256;
    static Operands load_operands(const Operand * from) { return _mm256_loadu_ps(from); }
    static Operands broadcast_operand(const Operand * from) { return _mm256_broadcast_ss(from); }
    static Vec mac(Vec sum, Operands a, Operands b) { return _mm256_fmadd_ps(a, b, sum); }
};
static_assert(InstructionSet<Avx2>);

} // namespace

const CpuKernels avx2_kernels = tiled_kernels<Avx2>();

} // namespace medgemma
