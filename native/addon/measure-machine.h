// measureMachine(weightType, threads): the maximum speed of this machine's cores.
#pragma once

#include <napi.h>

namespace medgemma {

// weightType: "F32", "F16", "BF16" or "Q8_0", the weights that the kernels are meant for. Takes about a second.
// Promise of {kernels, gflops, readGbytes}.
Napi::Value measure_machine(const Napi::CallbackInfo & info);

} // namespace medgemma
