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
    // Bounds that keep every product below inside 64 bits; far above any picture that fits into memory.
    constexpr int64_t kMaxEdge = 1 << 24;
    constexpr int64_t kMaxSide = 1 << 14;
    if (width < 1 || height < 1 || width > kMaxEdge || height > kMaxEdge || side < 1 || side > kMaxSide) {
        throw Error("INVALID_ARGUMENT", "Cannot resize a picture of " + std::to_string(width) + " x " + std::to_string(height) +
                                            " pixels to a side of " + std::to_string(side) + ".");
    }
    if (rgb.size() != static_cast<size_t>(width) * static_cast<size_t>(height) * kChannels) {
        throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(width * height * kChannels) + " bytes of RGB for " +
                                            std::to_string(width) + " x " + std::to_string(height) + " pixels but received " +
                                            std::to_string(rgb.size()) + ".");
    }

    const size_t source_row = static_cast<size_t>(width) * kChannels;
    const size_t target_row = static_cast<size_t>(side) * kChannels;

    // Across: (height, width, 3) -> (height, side, 3). Rows above and below the picture are black and stay so.
    const std::vector<Window> columns = windows_of(canvas.width, side);
    std::vector<uint8_t> across(static_cast<size_t>(height) * target_row);
    for (int64_t y = 0; y < height; ++y) {
        const uint8_t * source = rgb.data() + static_cast<size_t>(y) * source_row;
        uint8_t * target = across.data() + static_cast<size_t>(y) * target_row;
        for (const Window & window : columns) {
            resample(window, source, canvas.left, width, kChannels, target);
            target += kChannels;
        }
    }

    // Down: (height, side, 3) -> (side, side, 3).
    const std::vector<Window> rows = windows_of(canvas.height, side);
    std::vector<uint8_t> square(static_cast<size_t>(side) * target_row);
    uint8_t * target = square.data();
    for (const Window & window : rows) {
        for (int64_t x = 0; x < side; ++x) {
            resample(window, across.data() + x * kChannels, canvas.top, height, target_row, target);
            target += kChannels;
        }
    }
    return square;
}

} // namespace medgemma
