#include "addon/thread-pool.h"

#include "ggml-backend.h"

namespace medgemma {
namespace {

// The CPU backend is loaded at run time, so its own functions are reached by name.
template <typename Function>
Function cpu_function(const char * name) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (cpu == nullptr) {
        return nullptr;
    }
    return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name));
}

} // namespace

ThreadPool::ThreadPool(int threads) {
    const auto create = cpu_function<ggml_threadpool_t (*)(ggml_threadpool_params *)>("ggml_threadpool_new");
    if (create != nullptr && threads > 1) {
        ggml_threadpool_params params = ggml_threadpool_params_default(threads);
        pool_ = create(&params);
    }
}

ThreadPool::~ThreadPool() {
    if (pool_ != nullptr) {
        cpu_function<void (*)(ggml_threadpool_t)>("ggml_threadpool_free")(pool_);
    }
}

} // namespace medgemma
