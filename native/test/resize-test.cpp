#include <fstream>
#include <sstream>

#include "image/resize.h"
#include "test/noise.h"
#include "test/test.h"

namespace medgemma::test {
namespace {

// A line of resize.txt: width height side fit hash, made by Pillow (scripts/reference/resize.py).
const Test equals_pillow("resize equals Pillow in every byte", [] {
    std::ifstream lines(fixture("resize.txt"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream fields(line);
        int64_t width = 0;
        int64_t height = 0;
        int64_t side = 0;
        std::string fit;
        std::string hash;
        fields >> width >> height >> side >> fit >> hash;
        const auto rgb = noise(static_cast<size_t>(width * height * 3), static_cast<uint32_t>(width * 7919 + height));
        const Canvas canvas = fit == "pad" ? square_canvas_of(width, height) : canvas_of(width, height);
        const auto square = resize_canvas(rgb, width, height, canvas, side);
        check(std::to_string(hash_of(square)) == hash, "other bytes for: " + line);
        ++count;
    }
    check(count >= 40, "only " + std::to_string(count) + " cases in resize.txt");
});

const Test refuses_wrong_sizes("resize refuses sizes that do not fit the bytes", [] {
    const std::vector<uint8_t> rgb(3 * 4 * 5);
    const auto resize = [&](int64_t width, int64_t height, int64_t side) {
        return [&rgb, width, height, side] { resize_canvas(rgb, width, height, canvas_of(width, height), side); };
    };
    check_throws("INVALID_ARGUMENT", "received 60", resize(4, 4, 8));
    check_throws("INVALID_ARGUMENT", "0 x 5", resize(0, 5, 8));
    check_throws("INVALID_ARGUMENT", "side of 0", resize(4, 5, 0));
    check_throws("INVALID_ARGUMENT", "Cannot resize", resize(INT64_MAX, 5, 8));
    check_throws("INVALID_ARGUMENT", "Cannot resize", resize(4, 5, INT64_MAX));
    check_throws("INVALID_ARGUMENT", "received 60", resize(1 << 17, 1 << 17, 8));
    check_throws("INVALID_ARGUMENT", "Cannot resize", resize((1 << 17) + 1, 5, 8));
});

const Test long_strip("resize of a 1 x 60000 strip needs no 60000 x 60000 square", [] {
    const std::vector<uint8_t> rgb(3 * 60000, 255);
    const auto square = resize_canvas(rgb, 1, 60000, square_canvas_of(1, 60000), 896);
    check(square.size() == 896 * 896 * 3, "wrong size");
});

} // namespace
} // namespace medgemma::test
