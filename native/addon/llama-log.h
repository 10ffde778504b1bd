// The errors in llama.cpp's log. node-llama-cpp passes the log to the JavaScript of one thread, the one that started last;
// when that ends, all goes to stderr. So the log is kept here, the same for all threads, and nothing is printed.
#pragma once

#include <napi.h>

namespace medgemma {

// collectComplaints(): takes llama.cpp's log over from node-llama-cpp, and forgets what was collected.
Napi::Value collect_log_errors(const Napi::CallbackInfo & info);

// firstComplaint(): the first error in the log since then, of any thread, or null. The later ones only say "failed".
Napi::Value first_log_error(const Napi::CallbackInfo & info);

} // namespace medgemma
