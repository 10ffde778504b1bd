#include "image/resize.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace medgemma {
namespace {

// Pillow resamples 8-bit pixels in integers: weights carry 22 fractional bits (32, less 8 for the pixel, less 2 so that
// a sum cannot overflow), and each of the two passes rounds to 8 bits again. Equal bytes need the same steps.
constexpr int kFractionBits = 32 - 8 - 2;
constexpr int kChannels = 3;

// The source pixels that make up one target pixel, along one axis.
struct Window {
    int64_t first;
    std::vector<int32_t> weights;
};

double triangle(double x) {
    return std::max(0.0, 1.0 - std::abs(x));
}

// One window for each target pixel. Downscaling widens the triangle by the scale, which is what antialiases.
std::vector<Window> windows_of(int64_t source_size, int64_t target_size) {
    const double scale = static_cast<double>(source_size) / static_cast<double>(target_size);
    const double stretch = std::max(scale, 1.0);
    const double inverse_stretch = 1.0 / stretch;
    const double support = stretch; // the triangle reaches one pixel to either side

    std::vector<Window> windows(static_cast<size_t>(target_size));
    std::vector<double> weights;
    for (int64_t target = 0; target < target_size; ++target) {
        const double center = (static_cast<double>(target) + 0.5) * scale;
        const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
        const int64_t end = std::min(source_size, static_cast<int64_t>(center + support + 0.5));

        weights.clear();
        double sum = 0.0;
        for (int64_t source = first; source < end; ++source) {
            weights.push_back(triangle((static_cast<double>(source) - center + 0.5) * inverse_stretch));
            sum += weights.back();
        }

        Window & window = windows[static_cast<size_t>(target)];
        window.first = first;
        window.weights.reserve(weights.size());
        for (const double weight : weights) {
            const double share = sum != 0.0 ? weight / sum : weight;
            window.weights.push_back(static_cast<int32_t>(0.5 + share * (1 << kFractionBits)));
        }
    }
    return windows;
}

uint8_t to_byte(int32_t sum) {
    return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

// Adds up a window over pixels that exist only at [offset, offset + count): the rest is black and adds nothing.
//   pixels  the first existing pixel; stride: bytes from one pixel of the window to the next
void resample(const Window & window, const uint8_t * pixels, int64_t offset, int64_t count, size_t stride, uint8_t * out) {
    const int64_t size = static_cast<int64_t>(window.weights.size());
    const int64_t begin = std::max<int64_t>(0, offset - window.first);
    const int64_t end = std::min(size, offset + count - window.first);

    int32_t sum[kChannels];
    std::fill_n(sum, kChannels, 1 << (kFractionBits - 1)); // one half, so that the shift rounds
    for (int64_t i = begin; i < end; ++i) {
        const uint8_t * pixel = pixels + static_cast<size_t>(window.first + i - offset) * stride;
        const int32_t weight = window.weights[static_cast<size_t>(i)];
        for (int channel = 0; channel < kChannels; ++channel) {
            sum[channel] += pixel[channel] * weight;
        }
    }
    for (int channel = 0; channel < kChannels; ++channel) {
        out[channel] = to_byte(sum[channel]);
    }
}

// Along the rows: (height, width, 3) -> (height, windows, 3). The image begins `left` pixels into the canvas.
std::vector<uint8_t> resample_across(
    std::span<const uint8_t> rgb, int64_t width, int64_t height, int64_t left, const std::vector<Window> & windows) {
    std::vector<uint8_t> out(static_cast<size_t>(height) * windows.size() * kChannels);
    uint8_t * target = out.data();
    for (int64_t y = 0; y < height; ++y) {
        const uint8_t * row = rgb.data() + static_cast<size_t>(y * width) * kChannels;
        for (const Window & window : windows) {
            resample(window, row, left, width, kChannels, target);
            target += kChannels;
        }
    }
    return out;
}

// Along the columns: (height, width, 3) -> (windows, width, 3). The image begins `top` pixels into the canvas.
std::vector<uint8_t> resample_down(
    std::span<const uint8_t> rgb, int64_t width, int64_t height, int64_t top, const std::vector<Window> & windows) {
    std::vector<uint8_t> out(windows.size() * static_cast<size_t>(width) * kChannels);
    uint8_t * target = out.data();
    for (const Window & window : windows) {
        for (int64_t x = 0; x < width; ++x) {
            resample(window, rgb.data() + x * kChannels, top, height, static_cast<size_t>(width) * kChannels, target);
            target += kChannels;
        }
    }
    return out;
}

} // namespace

Canvas canvas_of(int64_t width, int64_t height) {
    return {width, height, 0, 0};
}

Canvas square_canvas_of(int64_t width, int64_t height) {
    const int64_t side = std::max(width, height);
    return {side, side, (side - width) / 2, (side - height) / 2};
}

std::vector<uint8_t> resize_canvas(
    std::span<const uint8_t> rgb, int64_t width, int64_t height, const Canvas & canvas, int64_t side) {
    // Between the passes there are edge * side pixels: 352 MB for the longest strip at MedGemma's side of 896.
    constexpr int64_t kMaxEdge = 1 << 17;
    constexpr int64_t kMaxSide = 1 << 12;
    if (width < 1 || height < 1 || width > kMaxEdge || height > kMaxEdge || side < 1 || side > kMaxSide) {
        throw Error("INVALID_ARGUMENT", "Cannot resize an image of " + std::to_string(width) + " x " + std::to_string(height) +
                                            " pixels to a side of " + std::to_string(side) + ".");
    }
    if (rgb.size() != static_cast<size_t>(width) * static_cast<size_t>(height) * kChannels) {
        throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(width * height * kChannels) + " bytes of RGB for " +
                                            std::to_string(width) + " x " + std::to_string(height) + " pixels but received " +
                                            std::to_string(rgb.size()) + ".");
    }

    const std::vector<Window> columns = windows_of(canvas.width, side);
    const std::vector<Window> rows = windows_of(canvas.height, side);
    // The order matters, as each pass rounds. Since version 13 Pillow begins with the columns when the height shrinks by
    // more than twice as many pixels as the width; before, and for every square, it begins with the rows.
    const int64_t shrinks_by = canvas.height - side;
    if (shrinks_by > 0 && shrinks_by > 2 * (canvas.width - side)) {
        return resample_across(resample_down(rgb, width, height, canvas.top, rows), width, side, canvas.left, columns);
    }
    return resample_down(resample_across(rgb, width, height, canvas.left, columns), side, height, canvas.top, rows);
}

} // namespace medgemma
