// GELU as PyTorch computes it, for models whose weights are F32.
//
// ggml's CPU backend looks GELU up in a table of half precision, which changes the logits of the demo model by up to 0.01; next
// to weights of 16 bits and less that is nothing, but in F32 it would hide other mistakes. ggml lets accelerators take
// single operations from the CPU, so this is one: it takes exactly the GELU behind a product with F32 weights.
#pragma once

#include "ggml-backend.h"

namespace medgemma {

// Makes the accelerator known to ggml, for the rest of the process; contexts of llama.cpp that are made later use it.
// Returns its device, the same one each time.
ggml_backend_dev_t register_exact_gelu();

} // namespace medgemma
