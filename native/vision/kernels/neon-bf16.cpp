// NEON with BF16 products: Apple since M2, Neoverse V1 and N2, Cortex since A510 and A710.
#include <arm_neon.h>

#include "vision/kernels/neon-common.h"
#include "vision/kernels/sets.h"
#include "vision/kernels/tiled.h"

namespace medgemma {
namespace {

struct NeonBf16 : NeonVectors {
    static constexpr const char * name = "neon-bf16";
    static constexpr int kPair = 2;
    using Operand = uint32_t;
    using Operands = uint32x4_t;
    static Operands load_operands(const Operand * from) { return vld1q_u32(from); }
    static Operands broadcast_operand(const Operand * from) { return vld1q_dup_u32(from); }
    static Vec mac(Vec sum, Operands a, Operands b) {
        return vbfdotq_f32(sum, vreinterpretq_bf16_u32(a), vreinterpretq_bf16_u32(b));
    }
    static void store_bfloat(uint16_t * to, Vec x) { vst1_bf16(reinterpret_cast<bfloat16_t *>(to), vcvt_bf16_f32(x)); }
    static void store_pairs(Operand * to, Vec even, Vec odd) {
        const uint32x4_t low = vmovl_u16(vreinterpret_u16_bf16(vcvt_bf16_f32(even)));
        const uint32x4_t high = vmovl_u16(vreinterpret_u16_bf16(vcvt_bf16_f32(odd)));
        vst1q_u32(to, vorrq_u32(low, vshlq_n_u32(high, 16)));
    }
};
static_assert(InstructionSet<NeonBf16>);

} // namespace

const CpuKernels neon_bf16_kernels = tiled_kernels<NeonBf16>();

} // namespace medgemma
