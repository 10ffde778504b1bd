#include "addon/repacks-weight.h"

#include "addon/state.h"
#include "ggml-backend.h"
#include "ggml.h"
#include "vision/backends.h"

namespace medgemma {
namespace {

// With a GPU that has buffers on the host, llama.cpp prefers those to the CPU's own, and in place of them the file's pages
// (make_cpu_buft_list in llama-model.cpp and the end of the choice in llama-model-loader.cpp, v0.4.0).
bool has_gpu_with_host_buffers() {
    for (size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        const auto type = ggml_backend_dev_type(device);
        const bool is_gpu = type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
        if (is_gpu && ggml_backend_dev_host_buffer_type(device) != nullptr) {
            return true;
        }
    }
    return false;
}

// As llama.cpp itself asks: is a product with this weight, lying in such a buffer, supported?
bool is_supported(
    ggml_backend_dev_t cpu, ggml_backend_buffer_type_t type_of_buffer, ggml_type type, int64_t columns, int64_t rows) {
    const GgmlContext context(ggml_init({ggml_tensor_overhead() * 4, nullptr, true}));
    const BackendBuffer buffer(ggml_backend_buft_alloc_buffer(type_of_buffer, 0));
    if (!context || !buffer) {
        return false;
    }
    ggml_tensor * weight = ggml_new_tensor_2d(context.get(), type, columns, rows);
    weight->buffer = buffer.get();
    ggml_tensor * batch = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, columns, 512);
    return ggml_backend_dev_supports_op(cpu, ggml_mul_mat(context.get(), weight, batch));
}

} // namespace

Napi::Value repacks_weight(const Napi::CallbackInfo & info) {
    require(info.Length() == 3 && info[0].IsNumber() && info[1].IsNumber() && info[2].IsNumber(), "(type, columns, rows)");
    const int32_t type = info[0].As<Napi::Number>().Int32Value();
    const int64_t columns = info[1].As<Napi::Number>().Int64Value();
    const int64_t rows = info[2].As<Napi::Number>().Int64Value();
    require(type >= 0 && type < GGML_TYPE_COUNT && ggml_blck_size(static_cast<ggml_type>(type)) > 0, "a type of ggml");
    require(columns > 0 && rows > 0 && columns % ggml_blck_size(static_cast<ggml_type>(type)) == 0, "whole blocks of the type");

    ensure_backends_are_loaded();
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    const auto extra_buffers = cpu_function<ggml_backend_dev_get_extra_bufts_t>("ggml_backend_dev_get_extra_bufts");
    if (extra_buffers == nullptr || has_gpu_with_host_buffers()) {
        return Napi::Boolean::New(info.Env(), false);
    }
    for (ggml_backend_buffer_type_t * buffer = extra_buffers(cpu); buffer != nullptr && *buffer != nullptr; ++buffer) {
        if (is_supported(cpu, *buffer, static_cast<ggml_type>(type), columns, rows)) {
            return Napi::Boolean::New(info.Env(), true);
        }
    }
    return Napi::Boolean::New(info.Env(), false);
}

} // namespace medgemma
