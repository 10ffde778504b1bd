// AVX-512 with BF16 products: AMD since Zen 4, Intel since Cooper Lake and Sapphire Rapids.
#include <type_traits>

#include "vision/kernels/avx512-common.h"
#include "vision/kernels/sets.h"
#include "vision/kernels/tiled.h"

namespace medgemma {
namespace {

// The same bits as another vector type; with some compilers the types of BF16 are those of integers.
template <typename To, typename From>
MEDGEMMA_INLINE To same_bits(From from) {
    if constexpr (std::is_same_v<To, From>) {
        return from;
    } else {
        return (To)from;
    }
}

struct Avx512Bf16 : Avx512Vectors {
    static constexpr const char * name = "avx512-bf16";
    static constexpr int kPair = 2;
    using Operand = uint32_t;
    using Operands = __m512i;
    static Operands load_operands(const Operand * from) { return _mm512_loadu_si512(from); }
    static Operands broadcast_operand(const Operand * from) { return _mm512_set1_epi32(static_cast<int>(*from)); }
    static Vec mac(Vec sum, Operands a, Operands b) {
        return _mm512_dpbf16_ps(sum, same_bits<__m512bh>(a), same_bits<__m512bh>(b));
    }
    static void store_bfloat(uint16_t * to, Vec x) {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), same_bits<__m256i>(_mm512_cvtneps_pbh(x)));
    }
    static void store_pairs(Operand * to, Vec even, Vec odd) {
        const __m512i halves = same_bits<__m512i>(_mm512_cvtne2ps_pbh(odd, even)); // all of even, then all of odd
        const __m512i order =
            _mm512_add_epi32(_mm512_set1_epi32(0x00100000), // 16 << 16 | 0, 17 << 16 | 1, …
                             _mm512_mullo_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                                                _mm512_set1_epi32(0x00010001)));
        _mm512_storeu_si512(to, _mm512_permutexvar_epi16(order, halves));
    }
};
static_assert(InstructionSet<Avx512Bf16>);

} // namespace

const CpuKernels avx512_bf16_kernels = tiled_kernels<Avx512Bf16>();

} // namespace medgemma
