#include "addon/measure-machine.h"

#include <memory>
#include <string>

#include "addon/state.h"
#include "vision/machine-limits.h"
#include "vision/mmproj.h"

namespace medgemma {
namespace {

class MeasureJob : public Job {
public:
    MeasureJob(WeightType type, int threads) : type_(type), threads_(threads) {}
    void run() override { limits_ = measure_limits(type_, threads_); }
    Napi::Value result(Napi::Env env) override {
        Napi::Object limits = Napi::Object::New(env);
        limits.Set("kernels", limits_.kernels);
        limits.Set("gflops", limits_.gflops);
        limits.Set("readGbytes", limits_.read_gbytes);
        return limits;
    }

private:
    const WeightType type_;
    const int threads_;
    MachineLimits limits_{};
};

} // namespace

Napi::Value measure_machine(const Napi::CallbackInfo & info) {
    require(info.Length() == 2 && info[0].IsString() && info[1].IsNumber(), "(weightType, threads)");
    const std::string name = info[0].As<Napi::String>().Utf8Value();
    const int threads = info[1].As<Napi::Number>().Int32Value();
    require(threads >= 1 && threads <= 1024, "1 to 1024 threads");
    for (const WeightType type : {WeightType::F32, WeightType::F16, WeightType::BF16, WeightType::Q8_0}) {
        if (name == name_of(type)) {
            return State::of(info.Env()).file_jobs(info.Env()).add(std::make_unique<MeasureJob>(type, threads));
        }
    }
    require(false, "F32, F16, BF16 or Q8_0");
    return info.Env().Undefined();
}

} // namespace medgemma
