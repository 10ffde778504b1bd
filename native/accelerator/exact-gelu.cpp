#include "accelerator/exact-gelu.h"

#include <cmath>
#include <mutex>

#include "ggml-backend-impl.h" // llama.cpp's own, of exactly the version that is loaded
#include "ggml.h"

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace medgemma {
namespace {

constexpr const char * kName = "ExactGELU";

// The tanh form, which Gemma and SigLIP are trained with: "gelu_pytorch_tanh".
float gelu(float x) {
    constexpr float kSqrtTwoOverPi = 0.79788456080286535587989211986876F;
    return 0.5F * x * (1.0F + std::tanh(kSqrtTwoOverPi * x * (1.0F + 0.044715F * x * x)));
}

bool is_plain(const ggml_tensor * tensor) {
    return tensor != nullptr && tensor->type == GGML_TYPE_F32 && ggml_is_contiguous(tensor);
}

// Whether the values are W x, with W in F32, and whatever is added to it: a bias, any number of LoRA adapters.
bool is_from_exact_weights(const ggml_tensor * tensor) {
    while (tensor->op == GGML_OP_ADD) {
        tensor = tensor->src[0];
    }
    return tensor->op == GGML_OP_MUL_MAT && tensor->src[0]->type == GGML_TYPE_F32;
}

bool supports_op(ggml_backend_dev_t, const ggml_tensor * op) {
    const bool is_gelu = op->op == GGML_OP_UNARY && ggml_get_unary_op(op) == GGML_UNARY_OP_GELU;
    const bool is_geglu = op->op == GGML_OP_GLU && ggml_get_glu_op(op) == GGML_GLU_OP_GEGLU && is_plain(op->src[1]);
    return (is_gelu || is_geglu) && is_plain(op) && is_plain(op->src[0]) && is_from_exact_weights(op->src[0]);
}

ggml_status compute(ggml_backend_t, ggml_cgraph * graph) {
    for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
        const ggml_tensor * node = ggml_graph_node(graph, i);
        if ((node->flags & GGML_TENSOR_FLAG_COMPUTE) == 0 || !supports_op(nullptr, node)) {
            continue; // views and the like, which compute nothing
        }
        const auto * x = static_cast<const float *>(node->src[0]->data);
        const auto * gate = node->op == GGML_OP_GLU ? static_cast<const float *>(node->src[1]->data) : nullptr;
        auto * out = static_cast<float *>(node->data);
        for (int64_t k = 0; k < ggml_nelements(node); ++k) {
            out[k] = gate == nullptr ? gelu(x[k]) : gelu(x[k]) * gate[k];
        }
    }
    return GGML_STATUS_SUCCESS;
}

const char * name_of_backend(ggml_backend_t) {
    return kName;
}

void free_nothing(ggml_backend_t) {}

// It has no state, so one serves every context.
ggml_backend_t init_backend(ggml_backend_dev_t device, const char *) {
    static ggml_guid guid = {0x4d, 0x65, 0x64, 0x47, 0x65, 0x6d, 0x6d, 0x61, 0x20, 0x67, 0x65, 0x6c, 0x75, 0x00, 0x00, 0x01};
    static ggml_backend backend = [device] {
        ggml_backend_i functions{};
        functions.get_name = name_of_backend;
        functions.free = free_nothing;
        functions.graph_compute = compute;
        return ggml_backend{&guid, functions, device, nullptr};
    }();
    return &backend;
}

const char * name_of_device(ggml_backend_dev_t) {
    return kName;
}

void memory_of_device(ggml_backend_dev_t, size_t * free, size_t * total) {
    *free = 0;
    *total = 0; // none of its own
}

enum ggml_backend_dev_type type_of_device(ggml_backend_dev_t) {
    return GGML_BACKEND_DEVICE_TYPE_ACCEL;
}

void properties_of_device(ggml_backend_dev_t, ggml_backend_dev_props * properties) {
    *properties = {};
    properties->name = kName;
    properties->description = kName;
    properties->type = GGML_BACKEND_DEVICE_TYPE_ACCEL;
    properties->caps.buffer_from_host_ptr = true;
}

ggml_backend_buffer_type_t buffer_type_of_device(ggml_backend_dev_t) {
    return ggml_backend_cpu_buffer_type();
}

ggml_backend_buffer_t buffer_from_host_ptr(ggml_backend_dev_t, void * pointer, size_t size, size_t) {
    return ggml_backend_cpu_buffer_from_ptr(pointer, size);
}

bool supports_buffer_type(ggml_backend_dev_t, ggml_backend_buffer_type_t type) {
    return ggml_backend_buft_is_host(type);
}

const char * name_of_registry(ggml_backend_reg_t) {
    return kName;
}

size_t device_count(ggml_backend_reg_t) {
    return 1;
}

ggml_backend_dev_t device_of(ggml_backend_reg_t registry, size_t) {
    static ggml_backend_device device = [registry] {
        ggml_backend_device_i functions{};
        functions.get_name = name_of_device;
        functions.get_description = name_of_device;
        functions.get_memory = memory_of_device;
        functions.get_type = type_of_device;
        functions.get_props = properties_of_device;
        functions.init_backend = init_backend;
        functions.get_buffer_type = buffer_type_of_device;
        functions.buffer_from_host_ptr = buffer_from_host_ptr;
        functions.supports_op = supports_op;
        functions.supports_buft = supports_buffer_type;
        return ggml_backend_device{functions, registry, nullptr};
    }();
    return &device;
}

void * no_function(ggml_backend_reg_t, const char *) {
    return nullptr;
}

// ggml keeps pointers into this library for ever, but Node unloads an addon with the last worker thread that used it.
void keep_this_library_loaded() {
#ifdef _WIN32
    HMODULE module = nullptr;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                       reinterpret_cast<LPCWSTR>(&keep_this_library_loaded), &module);
#else
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void *>(&keep_this_library_loaded), &info) != 0 && info.dli_fname != nullptr) {
        dlopen(info.dli_fname, RTLD_LAZY | RTLD_NODELETE);
    }
#endif
}

} // namespace

ggml_backend_dev_t register_exact_gelu() {
    static ggml_backend_reg registry{
        GGML_BACKEND_API_VERSION, {name_of_registry, device_count, device_of, no_function}, nullptr};
    static std::once_flag once; // ggml's registry is one for the process, so this is too
    std::call_once(once, [] {
        keep_this_library_loaded();
        ggml_backend_register(&registry);
    });
    return device_of(&registry, 0);
}

} // namespace medgemma
