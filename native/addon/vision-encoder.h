// The image tower as JavaScript sees it: inspect a projector file, load it, encode images, dispose.
#pragma once

#include <napi.h>

namespace medgemma {

// inspectProjector(path): promise of the facts of a projector file; checks all of it, loads nothing.
Napi::Value inspect_projector(const Napi::CallbackInfo & info);

// loadVisionEncoder(path, {gpu, threads}): promise of {facts, device, encode, encodeStages, dispose}; src/native/addon.ts
// has the types.
Napi::Value load_vision_encoder(const Napi::CallbackInfo & info);

} // namespace medgemma
