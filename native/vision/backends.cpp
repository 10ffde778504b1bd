#include "vision/backends.h"

#include <filesystem>
#include <mutex>
#include <string>

#include "error.h"
#include "ggml-cpu.h"

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace medgemma {
namespace {

// Where ggml itself was loaded from, in UTF-8: its backends lie beside it.
std::string library_directory() {
#ifdef _WIN32
    HMODULE module = nullptr;
    wchar_t path[32768];
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            reinterpret_cast<LPCWSTR>(&ggml_backend_load_all_from_path), &module) ||
        GetModuleFileNameW(module, path, static_cast<DWORD>(std::size(path))) == 0) {
        return "";
    }
#else
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void *>(&ggml_backend_load_all_from_path), &info) == 0 || info.dli_fname == nullptr) {
        return "";
    }
    const char * path = info.dli_fname;
#endif
    const std::u8string folder = std::filesystem::path(path).parent_path().u8string();
    return {folder.begin(), folder.end()};
}

} // namespace

void ensure_backends_are_loaded() {
    static std::mutex mutex; // the registry is ggml's and one for the process, so this guard is too
    const std::lock_guard lock(mutex);
    if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
        // It prints to stderr what it loads, whatever callback is set.
        ggml_log_callback log = nullptr;
        void * listener = nullptr;
        ggml_log_get(&log, &listener);
        ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        ggml_backend_load_all_from_path(library_directory().c_str());
        ggml_log_set(log, listener);
    }
}

Backend new_cpu_backend(int threads) {
    ensure_backends_are_loaded();
    Backend cpu(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr));
    if (!cpu) {
        throw Error("ADDON_MISMATCH", "node-llama-cpp's libraries hold no CPU backend for this machine. Run npm ci again.");
    }
    if (const auto set_threads = cpu_function<ggml_backend_set_n_threads_t>("ggml_backend_set_n_threads")) {
        set_threads(cpu.get(), threads);
    }
    return cpu;
}

ggml_backend_dev_t gpu_device() {
    ensure_backends_are_loaded();
    ggml_backend_dev_t gpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
    return gpu != nullptr ? gpu : ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_IGPU);
}

Backend new_gpu_backend() {
    ensure_backends_are_loaded();
    for (const auto type : {GGML_BACKEND_DEVICE_TYPE_GPU, GGML_BACKEND_DEVICE_TYPE_IGPU}) {
        if (ggml_backend_dev_by_type(type) != nullptr) {
            Backend gpu(ggml_backend_init_by_type(type, nullptr));
            if (gpu) {
                return gpu;
            }
        }
    }
    throw Error("GPU_UNAVAILABLE", "No GPU that this build can use was found. Set gpu to \"off\", or check the driver.");
}

CpuAbort::CpuAbort(ggml_backend_t cpu, bool (*is_aborted)(void *), void * self) : cpu_(cpu) {
    if (const auto set = cpu_function<ggml_backend_set_abort_callback_t>("ggml_backend_set_abort_callback")) {
        set(cpu, is_aborted, self);
    }
}

CpuAbort::~CpuAbort() {
    if (const auto set = cpu_function<ggml_backend_set_abort_callback_t>("ggml_backend_set_abort_callback")) {
        set(cpu_, nullptr, nullptr);
    }
}

} // namespace medgemma
