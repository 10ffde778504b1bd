// What both NEON kernels share.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

namespace medgemma {
namespace {

struct NeonVectors {
    static constexpr int kRows = 6; // 24 of the 32 registers hold sums
    static constexpr int kVectors = 4;
    static constexpr int kLanes = 4;
    static constexpr bool kLdexpUnderflows = false;

    using Vec = float32x4_t;
    static Vec zero() { return vdupq_n_f32(0.0F); }
    static Vec set1(float x) { return vdupq_n_f32(x); }
    static Vec load(const float * from) { return vld1q_f32(from); }
    static void store(float * to, Vec x) { vst1q_f32(to, x); }
    static Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
    static Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
    static Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
    static Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
    static Vec max(Vec a, Vec b) { return vmaxq_f32(a, b); }
    static Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
    static Vec round(Vec x) { return vrndnq_f32(x); }
    static Vec ldexp(Vec x, Vec n) {
        return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(x), vshlq_n_s32(vcvtnq_s32_f32(n), 23)));
    }
    static float sqrt(float x) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0); }

    static Vec load_half(const uint16_t * from) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))); }
    static Vec load_bfloat(const uint16_t * from) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(from), 16)); }
    static Vec load_int8(const int8_t * from) {
        int32_t four;
        std::memcpy(&four, from, sizeof(four));
        const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
        return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
    }
};

} // namespace
} // namespace medgemma
