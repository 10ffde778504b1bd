// Which weights ggml's CPU backend copies into an order of its own when a model is loaded.
#pragma once

#include <napi.h>

namespace medgemma {

// repacksWeight(type, columns, rows): whether llama.cpp puts a matrix of this ggml type, a factor of a product that the CPU
// computes, into a buffer of its own instead of using the file's pages. It depends on the type, the shape and the processor.
Napi::Value repacks_weight(const Napi::CallbackInfo & info);

} // namespace medgemma
