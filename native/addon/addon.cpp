// The native surface of medgemma-local on one page; src/native/addon.ts is its typed twin.
#include <napi.h>

#include "accelerator/exact-gelu.h"
#include "addon/check-gguf.h"
#include "addon/fit-to-square.h"
#include "addon/huge-pages.h"
#include "addon/llama-log.h"
#include "addon/measure-machine.h"
#include "addon/prefill.h"
#include "addon/release-memory.h"
#include "addon/repacks-weight.h"
#include "addon/state.h"
#include "addon/stay-loaded.h"
#include "addon/vision-encoder.h"
#include "addon/worker-exit.h"

namespace medgemma {
namespace {

// In the file as it stands, so that the loader knows it before anything of the file runs (src/native/check-fits.ts).
constexpr char version[] = "medgemma-local addon " MEDGEMMA_VERSION;

// initialize(MedGemmaError): the class of all errors from here on.
Napi::Value initialize(const Napi::CallbackInfo & info) {
    require(info.Length() == 1 && info[0].IsFunction(), "an error class");
    State::of(info.Env()).set_error_class(info[0].As<Napi::Function>());
    return info.Env().Undefined();
}

// shutDown(): ends all threads of this environment. Node ends a process without the cleanup that would do it, and a thread
// that computes while the libraries go away crashes.
Napi::Value shut_down(const Napi::CallbackInfo & info) {
    const std::set<JobQueue *> queues = State::of(info.Env()).queues();
    for (JobQueue * queue : queues) {
        queue->shut_down();
    }
    return info.Env().Undefined();
}

// useExactGelu(): contexts made from here on compute GELU in F32 behind weights in F32.
Napi::Value use_exact_gelu(const Napi::CallbackInfo & info) {
    register_exact_gelu();
    return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
    keep_large_allocations_apart();
    stay_loaded();
    env.SetInstanceData(new State());
    exports.Set("version", Napi::String::New(env, version));
    exports.Set("initialize", Napi::Function::New(env, exported<initialize>));
    exports.Set("shutDown", Napi::Function::New(env, exported<shut_down>));
    exports.Set("releaseMemory", Napi::Function::New(env, exported<release_memory>));
    exports.Set("preferHugePages", Napi::Function::New(env, exported<prefer_huge_pages>));
    exports.Set("repacksWeight", Napi::Function::New(env, exported<repacks_weight>));
    exports.Set("fitToSquare", Napi::Function::New(env, exported<fit_to_square>));
    exports.Set("collectComplaints", Napi::Function::New(env, exported<collect_log_errors>));
    exports.Set("firstComplaint", Napi::Function::New(env, exported<first_log_error>));
    exports.Set("surviveWorkerExit", Napi::Function::New(env, exported<survive_worker_exit>));
    exports.Set("useExactGelu", Napi::Function::New(env, exported<use_exact_gelu>));
    exports.Set("checkGguf", Napi::Function::New(env, exported<check_gguf>));
    exports.Set("inspectProjector", Napi::Function::New(env, exported<inspect_projector>));
    exports.Set("loadVisionEncoder", Napi::Function::New(env, exported<load_vision_encoder>));
    exports.Set("measureMachine", Napi::Function::New(env, exported<measure_machine>));
    exports.Set("prepareContext", Napi::Function::New(env, exported<prepare_context>));
    exports.Set("readLogits", Napi::Function::New(env, exported<read_logits>));
    exports.Set("decodeImage", Napi::Function::New(env, exported<decode_image>));
    return exports;
}

NODE_API_MODULE(medgemma_local, init)

} // namespace
} // namespace medgemma
