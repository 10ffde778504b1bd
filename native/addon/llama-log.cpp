#include "addon/llama-log.h"

#include <cstdio>
#include <mutex>
#include <string>

#include "llama.h"

namespace medgemma {
namespace {

std::mutex mutex;
std::string first; // guarded by `mutex`; empty: none

void on_log(ggml_log_level level, const char * text, void *) {
    if (level != GGML_LOG_LEVEL_ERROR || text == nullptr) {
        return;
    }
    const std::lock_guard lock(mutex);
    if (first.empty()) {
        first = text;
    }
}

// ggml ends the process when it cannot continue. On its own it would print the place in its code, but not the reason.
void on_abort(const char * where) {
    const std::lock_guard lock(mutex);
    std::fprintf(stderr, "llama.cpp ended the process: %s%s%s\n", first.c_str(),
                 first.empty() || first.back() == '\n' ? "" : "\n", where);
}

} // namespace

Napi::Value collect_log_errors(const Napi::CallbackInfo & info) {
    llama_log_set(on_log, nullptr);
    ggml_set_abort_callback(on_abort);
    const std::lock_guard lock(mutex);
    first.clear();
    return info.Env().Undefined();
}

Napi::Value first_log_error(const Napi::CallbackInfo & info) {
    const std::lock_guard lock(mutex);
    return first.empty() ? info.Env().Null() : Napi::String::New(info.Env(), first);
}

} // namespace medgemma
