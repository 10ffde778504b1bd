// Chooses kernels by what this processor can do.
#include <cstdlib>
#include <cstring>

#include "vision/kernels/kernels.h"
#include "vision/kernels/sets.h"

#if defined(__x86_64__) || defined(_M_X64)
#define MEDGEMMA_X64
#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#elif defined(__aarch64__) || defined(_M_ARM64)
#define MEDGEMMA_ARM64
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#endif

namespace medgemma {
namespace {

#ifdef MEDGEMMA_X64

struct Registers {
    unsigned a, b, c, d;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
    Registers r{};
#ifdef _MSC_VER
    int values[4];
    __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
    r = {static_cast<unsigned>(values[0]), static_cast<unsigned>(values[1]), static_cast<unsigned>(values[2]),
         static_cast<unsigned>(values[3])};
#else
    if (__get_cpuid_max(0, nullptr) >= leaf) {
        __cpuid_count(leaf, subleaf, r.a, r.b, r.c, r.d);
    }
#endif
    return r;
}

// Which registers the operating system saves: XCR0.
unsigned saved_registers() {
#ifdef _MSC_VER
    return static_cast<unsigned>(_xgetbv(0));
#else
    unsigned low = 0;
    unsigned high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
#endif
}

// Bits of Intel's manual, volume 2A, CPUID, and volume 1, 13.3 (XCR0).
bool has(unsigned value, unsigned bits) {
    return (value & bits) == bits;
}

bool can_run(const CpuKernels & kernels) {
    if (&kernels == &portable_kernels) {
        return true;
    }
    constexpr unsigned kFma = 1U << 12;
    constexpr unsigned kOsXsave = 1U << 27;
    constexpr unsigned kF16c = 1U << 29;
    constexpr unsigned kAvx2 = 1U << 5;
    constexpr unsigned kAvx512 = 1U << 16 | 1U << 17 | 1U << 30 | 1U << 31; // F, DQ, BW, VL
    constexpr unsigned kBf16 = 1U << 5;
    constexpr unsigned kYmm = 0x06;
    constexpr unsigned kZmm = 0xe6;
    if (!has(cpuid(1, 0).c, kFma | kOsXsave | kF16c) || !has(cpuid(7, 0).b, kAvx2) || !has(saved_registers(), kYmm)) {
        return false;
    }
    if (&kernels == &avx2_kernels) {
        return true;
    }
    if (!has(cpuid(7, 0).b, kAvx512) || !has(saved_registers(), kZmm)) {
        return false;
    }
    return &kernels == &avx512_kernels || has(cpuid(7, 1).a, kBf16);
}

constexpr const CpuKernels * kAll[] = {&avx512_bf16_kernels, &avx512_kernels, &avx2_kernels, &portable_kernels};

#elif defined(MEDGEMMA_ARM64)

bool can_run(const CpuKernels & kernels) {
    if (!kernels.rounds) {
        return true; // NEON is part of every such processor
    }
#if defined(__linux__)
    constexpr unsigned long kBf16 = 1UL << 14; // HWCAP2_BF16
    return (getauxval(AT_HWCAP2) & kBf16) != 0;
#elif defined(__APPLE__)
    int value = 0;
    size_t size = sizeof(value);
    return sysctlbyname("hw.optional.arm.FEAT_BF16", &value, &size, nullptr, 0) == 0 && value != 0;
#else
    return false;
#endif
}

#ifdef _WIN32 // Windows does not tell whether there are BF16 products
constexpr const CpuKernels * kAll[] = {&neon_kernels, &portable_kernels};
#else
constexpr const CpuKernels * kAll[] = {&neon_bf16_kernels, &neon_kernels, &portable_kernels};
#endif

#else

bool can_run(const CpuKernels &) {
    return true;
}

constexpr const CpuKernels * kAll[] = {&portable_kernels};

#endif

struct Usable {
    const CpuKernels * list[sizeof(kAll) / sizeof(kAll[0])];
    size_t count = 0;

    Usable() {
        const char * fastest = std::getenv("MEDGEMMA_CPU_KERNELS");
        bool begun = fastest == nullptr || !is_known(fastest);
        for (const CpuKernels * kernels : kAll) {
            begun = begun || std::strcmp(kernels->name, fastest) == 0;
            if (begun && can_run(*kernels)) {
                list[count++] = kernels;
            }
        }
    }

    static bool is_known(const char * name) {
        for (const CpuKernels * kernels : kAll) {
            if (std::strcmp(kernels->name, name) == 0) {
                return true;
            }
        }
        return false;
    }
};

} // namespace

KernelList cpu_kernels() {
    static const Usable usable;
    return {usable.list, usable.count};
}

const CpuKernels & cpu_kernels_for(WeightType type) {
    const KernelList usable = cpu_kernels();
    for (size_t i = 0; i < usable.count; ++i) {
        if (type != WeightType::F32 || !usable.first[i]->rounds) {
            return *usable.first[i];
        }
    }
    return portable_kernels;
}

} // namespace medgemma
