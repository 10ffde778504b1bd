// Squares and resizes 8-bit RGB images exactly as Pillow does, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace medgemma {

// An image of `width` x `height` pixels lying at (left, top) on a black canvas. Pixels outside of it are black.
struct Canvas {
    int64_t width;
    int64_t height;
    int64_t left;
    int64_t top;
};

// The image alone: resizing it to a square squeezes it.
Canvas canvas_of(int64_t width, int64_t height);

// The smallest square around the image, the odd pixel of black to the right or at the bottom, as Google's notebooks.
Canvas square_canvas_of(int64_t width, int64_t height);

// Pillow's Image.resize((side, side), BILINEAR) of the canvas. The canvas itself is never built: a 1 x 60000 image
// costs no more memory than its own pixels.
//   rgb      (height, width, 3), row-major; edges up to 131072, side up to 4096
//   returns  (side, side, 3), row-major
std::vector<uint8_t> resize_canvas(
    std::span<const uint8_t> rgb, int64_t width, int64_t height, const Canvas & canvas, int64_t side);

} // namespace medgemma
