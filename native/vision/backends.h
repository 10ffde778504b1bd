// Opens ggml compute backends out of the libraries that node-llama-cpp brings.
#pragma once

#include <memory>

#include "ggml-backend.h"
#include "ggml.h"

namespace medgemma {

template <auto free>
struct Free {
    template <typename T>
    void operator()(T * handle) const {
        free(handle);
    }
};
using Backend = std::unique_ptr<ggml_backend, Free<ggml_backend_free>>;
using BackendBuffer = std::unique_ptr<ggml_backend_buffer, Free<ggml_backend_buffer_free>>;
using GgmlContext = std::unique_ptr<ggml_context, Free<ggml_free>>;

// A function that only ggml's CPU backend has. It is loaded at run time, so they are reached by name. Null if there is none.
template <typename Function>
Function cpu_function(const char * name) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    void * found = cpu == nullptr ? nullptr : ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name);
    return reinterpret_cast<Function>(found);
}

// node-llama-cpp loads the backends when it starts. If it did not start (a test, an encoder used alone) we do the same;
// ggml ignores a backend that it has already.
void ensure_backends_are_loaded();

// Throws ADDON_MISMATCH when node-llama-cpp's libraries hold no CPU backend for this machine.
Backend new_cpu_backend(int threads);

// The one that `new_gpu_backend` opens; null without a GPU that this build can use.
ggml_backend_dev_t gpu_device();

// Throws GPU_UNAVAILABLE when there is no GPU that this build can use.
Backend new_gpu_backend();

// While it lives, a computation on `cpu` stops at the next node of the graph once `is_aborted(self)`.
class CpuAbort {
public:
    CpuAbort(ggml_backend_t cpu, bool (*is_aborted)(void *), void * self);
    ~CpuAbort();
    CpuAbort(const CpuAbort &) = delete;
    CpuAbort & operator=(const CpuAbort &) = delete;

private:
    ggml_backend_t cpu_;
};

} // namespace medgemma
