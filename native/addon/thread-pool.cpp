#include "addon/thread-pool.h"

#include "vision/backends.h"

namespace medgemma {
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
