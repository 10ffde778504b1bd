// fitToSquare(rgb, width, height, side, fit): an image of any size → the square that the tower sees.
#pragma once

#include <napi.h>

namespace medgemma {

// rgb: Uint8Array (height, width, 3); fit: "pad" | "stretch". Promise of a Uint8Array (side, side, 3).
Napi::Value fit_to_square(const Napi::CallbackInfo & info);

} // namespace medgemma
