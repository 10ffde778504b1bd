// AVX-512 (F, BW, DQ, VL): Intel since Skylake-X, AMD since Zen 4.
#include "vision/kernels/avx512-common.h"
#include "vision/kernels/sets.h"
#include "vision/kernels/tiled.h"

namespace medgemma {
namespace {

struct Avx512 : Avx512Vectors {
    static constexpr const char * name = "avx512";
    static constexpr int kPair = 1;
    using Operand = float;
    using Operands = __m512;
    static Operands load_operands(const Operand * from) { return _mm512_loadu_ps(from); }
    static Operands broadcast_operand(const Operand * from) { return _mm512_set1_ps(*from); }
    static Vec mac(Vec sum, Operands a, Operands b) { return _mm512_fmadd_ps(a, b, sum); }
};
static_assert(InstructionSet<Avx512>);

} // namespace

const CpuKernels avx512_kernels = tiled_kernels<Avx512>();

} // namespace medgemma
