// Worker threads that are ended from outside, in the middle of node-llama-cpp's work.
#pragma once

#include <napi.h>

namespace medgemma {

// surviveWorkerExit(): when an environment is being terminated, a promise cannot be settled any more. node-llama-cpp's addon
// takes that for an error, tries to throw it into JavaScript, and ends the whole process when this fails too (it is built
// without NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS). From here on its napi_throw passes over what nobody is left to catch.
// Once a process and backend, when node-llama-cpp is loaded. Does nothing but on Linux.
Napi::Value survive_worker_exit(const Napi::CallbackInfo & info);

} // namespace medgemma
