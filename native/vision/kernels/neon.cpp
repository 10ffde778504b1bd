// NEON of 64-bit Arm, which every such processor has.
#include <arm_neon.h>

#include "vision/kernels/neon-common.h"
#include "vision/kernels/sets.h"
#include "vision/kernels/tiled.h"

namespace medgemma {
namespace {

struct Neon : NeonVectors {
    static constexpr const char * name = "neon";
    static constexpr int kPair = 1;
    using Operand = float;
    using Operands = float32x4_t;
    static Operands load_operands(const Operand * from) { return vld1q_f32(from); }
    static Operands broadcast_operand(const Operand * from) { return vld1q_dup_f32(from); }
    static Vec mac(Vec sum, Operands a, Operands b) { return vfmaq_f32(sum, a, b); }
};
static_assert(InstructionSet<Neon>);

} // namespace

const CpuKernels neon_kernels = tiled_kernels<Neon>();

} // namespace medgemma
