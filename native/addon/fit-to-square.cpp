#include "addon/fit-to-square.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/state.h"
#include "image/resize.h"

namespace medgemma {
namespace {

class FitToSquareJob : public Job {
public:
    FitToSquareJob(std::vector<uint8_t> rgb, int64_t width, int64_t height, int64_t side, bool pads)
        : rgb_(std::move(rgb)), width_(width), height_(height), side_(side), pads_(pads) {}

    void run() override {
        const Canvas canvas = pads_ ? square_canvas_of(width_, height_) : canvas_of(width_, height_);
        square_ = resize_canvas(rgb_, width_, height_, canvas, side_);
    }

    Napi::Value result(Napi::Env env) override {
        Napi::Uint8Array square = Napi::Uint8Array::New(env, square_.size());
        std::memcpy(square.Data(), square_.data(), square_.size());
        return square;
    }

private:
    const std::vector<uint8_t> rgb_;
    const int64_t width_;
    const int64_t height_;
    const int64_t side_;
    const bool pads_;
    std::vector<uint8_t> square_;
};

} // namespace

Napi::Value fit_to_square(const Napi::CallbackInfo & info) {
    require(info.Length() == 5 && info[0].IsTypedArray() && info[1].IsNumber() && info[2].IsNumber() && info[3].IsNumber() &&
                info[4].IsString(),
            "(rgb, width, height, side, fit)");
    require(info[0].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array, "rgb as a Uint8Array");
    const std::string fit = info[4].As<Napi::String>();
    require(fit == "pad" || fit == "stretch", "fit \"pad\" or \"stretch\"");

    const auto rgb = info[0].As<Napi::Uint8Array>();
    const auto number = [&](size_t index) { return info[index].As<Napi::Number>().Int64Value(); };
    return State::of(info.Env())
        .file_jobs(info.Env())
        .add(std::make_unique<FitToSquareJob>(std::vector<uint8_t>(rgb.Data(), rgb.Data() + rgb.ElementLength()), number(1),
                                              number(2), number(3), fit == "pad"));
}

} // namespace medgemma
