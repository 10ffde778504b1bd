#include "vision/machine-limits.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "vision/kernels/aligned.h"

namespace medgemma {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The best of some rounds: others on the machine only ever slow it down. `work` returns what one thread has done.
double best_rate(int threads, const std::function<double(int thread)> & work) {
    constexpr int kRounds = 6;
    double best = 0.0;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<double> done(static_cast<size_t>(threads));
        std::vector<std::thread> others;
        const auto run = [&](int thread) { done[static_cast<size_t>(thread)] = work(thread); };
        const Clock::time_point begin = Clock::now();
        for (int thread = 1; thread < threads; ++thread) {
            others.emplace_back(run, thread);
        }
        run(0);
        for (std::thread & other : others) {
            other.join();
        }
        double all = 0.0;
        for (const double part : done) {
            all += part;
        }
        best = std::max(best, all / seconds_since(begin));
    }
    return best;
}

} // namespace

MachineLimits measure_limits(WeightType type, int threads) {
    const CpuKernels & kernels = cpu_kernels_for(type);
    constexpr double kRoundSeconds = 0.08;

    std::vector<uint8_t> memory(kernels.product_scratch + kKernelAlignment);
    const Clock::time_point begin = Clock::now();
    constexpr int64_t kTrial = 2000;
    kernels.products(kTrial, aligned_begin(memory.data()));
    const auto repeats = static_cast<int64_t>(kRoundSeconds / std::max(seconds_since(begin), 1e-6) * kTrial) + 1;
    const double flops = best_rate(threads, [&](int) {
        std::vector<uint8_t> own(kernels.product_scratch + kKernelAlignment);
        return kernels.products(repeats, aligned_begin(own.data()));
    });

    constexpr size_t kWords = 16U << 20U; // 128 MiB a thread: no cache holds it
    std::vector<std::vector<uint64_t>> parts(static_cast<size_t>(threads), std::vector<uint64_t>(kWords, 1));
    std::vector<uint64_t> sums(static_cast<size_t>(threads));
    const double bytes = best_rate(threads, [&](int thread) {
        uint64_t sum[8] = {};
        const std::vector<uint64_t> & part = parts[static_cast<size_t>(thread)];
        for (size_t i = 0; i < kWords; i += 8) {
            for (size_t k = 0; k < 8; ++k) {
                sum[k] += part[i + k];
            }
        }
        for (const uint64_t lane : sum) {
            sums[static_cast<size_t>(thread)] += lane;
        }
        return static_cast<double>(kWords * sizeof(uint64_t));
    });
    return {kernels.name, flops / 1e9, sums[0] == 0 ? 0.0 : bytes / 1e9};
}

} // namespace medgemma
