// checkGguf(path): is a GGUF file whole? Before node-llama-cpp reads it.
#pragma once

#include <napi.h>

namespace medgemma {

// Promise of nothing; rejects with MODEL_NOT_FOUND, FILE_UNUSABLE or MODEL_CORRUPT.
Napi::Value check_gguf(const Napi::CallbackInfo & info);

} // namespace medgemma
