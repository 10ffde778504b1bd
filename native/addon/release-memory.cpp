#include "addon/release-memory.h"

#include <cstdlib> // defines __GLIBC__
#include <memory>

#include "addon/state.h"

#if defined(__GLIBC__) || defined(_WIN32)
#include <malloc.h>
#elif defined(__APPLE__)
#include <malloc/malloc.h>
#endif

namespace medgemma {
namespace {

class ReleaseMemoryJob : public Job {
public:
    void run() override {
#if defined(__GLIBC__)
        malloc_trim(0);
#elif defined(_WIN32)
        _heapmin();
#elif defined(__APPLE__)
        malloc_zone_pressure_relief(nullptr, 0);
#endif
    }
    Napi::Value result(Napi::Env env) override {
        return env.Undefined();
    }
};

} // namespace

void keep_large_allocations_apart() {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

Napi::Value release_memory(const Napi::CallbackInfo & info) {
    return State::of(info.Env()).file_jobs(info.Env()).add(std::make_unique<ReleaseMemoryJob>());
}

} // namespace medgemma
