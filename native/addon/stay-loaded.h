// Node unloads an addon with the last environment that used it. This one must stay: ggml has its backend for GELU, llama.cpp
// its log, and both go on calling it from other threads.
#pragma once

namespace medgemma {

void stay_loaded();

} // namespace medgemma
