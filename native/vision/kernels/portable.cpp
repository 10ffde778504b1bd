// Plain C++, for processors without kernels of their own; what the others are tested against.
#include <cmath>

#include "vision/kernels/sets.h"
#include "vision/kernels/tiled.h"

namespace medgemma {
namespace {

struct Portable {
    static constexpr const char * name = "portable";
    static constexpr int kRows = 4;
    static constexpr int kVectors = 1;
    static constexpr int kLanes = 8;
    static constexpr bool kLdexpUnderflows = false;
    static constexpr int kPair = 1;

    struct Vec {
        float lane[kLanes];
    };

    template <typename Function>
    static Vec each(Function function) {
        Vec result;
        for (int i = 0; i < kLanes; ++i) {
            result.lane[i] = function(i);
        }
        return result;
    }

    static Vec zero() { return set1(0.0F); }
    static Vec set1(float x) {
        return each([x](int) { return x; });
    }
    static Vec load(const float * from) {
        return each([from](int i) { return from[i]; });
    }
    static void store(float * to, Vec x) { std::memcpy(to, x.lane, sizeof(x.lane)); }
    static Vec add(Vec a, Vec b) {
        return each([&](int i) { return a.lane[i] + b.lane[i]; });
    }
    static Vec sub(Vec a, Vec b) {
        return each([&](int i) { return a.lane[i] - b.lane[i]; });
    }
    static Vec mul(Vec a, Vec b) {
        return each([&](int i) { return a.lane[i] * b.lane[i]; });
    }
    static Vec div(Vec a, Vec b) {
        return each([&](int i) { return a.lane[i] / b.lane[i]; });
    }
    static Vec max(Vec a, Vec b) {
        return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
    }
    static Vec fma(Vec a, Vec b, Vec c) {
        return each([&](int i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
    }
    static Vec round(Vec x) {
        return each([&](int i) { return std::nearbyint(x.lane[i]); });
    }
    static Vec ldexp(Vec x, Vec n) {
        return each([&](int i) { return std::ldexp(x.lane[i], static_cast<int>(n.lane[i])); });
    }
    static float sqrt(float x) { return std::sqrt(x); }

    static Vec load_half(const uint16_t * from) {
        return each([from](int i) { return half_to_float(from[i]); });
    }
    static Vec load_bfloat(const uint16_t * from) {
        return each([from](int i) {
            const uint32_t bits = static_cast<uint32_t>(from[i]) << 16;
            float value;
            std::memcpy(&value, &bits, sizeof(value));
            return value;
        });
    }
    static Vec load_int8(const int8_t * from) {
        return each([from](int i) { return static_cast<float>(from[i]); });
    }
    static float half_to_float(uint16_t half) {
        const int exponent = half >> 10 & 31;
        const auto fraction = static_cast<float>(half & 1023);
        const float sign = half >> 15 == 0 ? 1.0F : -1.0F;
        if (exponent == 31) {
            return fraction == 0.0F ? sign * INFINITY : NAN;
        }
        return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024.0F + fraction, exponent - 25));
    }

    using Operand = float;
    using Operands = Vec;
    static Operands load_operands(const Operand * from) { return load(from); }
    static Operands broadcast_operand(const Operand * from) { return set1(*from); }
    static Vec mac(Vec sum, Operands a, Operands b) { return fma(a, b, sum); }
};
static_assert(InstructionSet<Portable>);

} // namespace

const CpuKernels portable_kernels = tiled_kernels<Portable>();

} // namespace medgemma
