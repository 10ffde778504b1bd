// Memory that was freed goes back to the system.
#pragma once

#include <napi.h>

namespace medgemma {

// Once a process: with glibc, every allocation of a megabyte or more gets pages of its own, which go back as soon as it is
// freed. Left alone, glibc moves that limit up to 32 MB after the first large buffer is freed, and the next models are put
// between small allocations that outlive them: 20 rounds of load and dispose then kept 500 MB.
void keep_large_allocations_apart();

// releaseMemory(): allocators keep what is freed for later, a piece for every thread that ever asked; this takes it from them.
// Promise of nothing.
Napi::Value release_memory(const Napi::CallbackInfo & info);

} // namespace medgemma
