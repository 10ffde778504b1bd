#include "addon/check-gguf.h"

#include <memory>
#include <string>
#include <utility>

#include "addon/state.h"
#include "gguf/check.h"

namespace medgemma {
namespace {

class CheckGgufJob : public Job {
public:
    explicit CheckGgufJob(std::string path) : path_(std::move(path)) {}
    void run() override { check_gguf_file(path_); }
    Napi::Value result(Napi::Env env) override { return env.Undefined(); }

private:
    const std::string path_;
};

} // namespace

Napi::Value check_gguf(const Napi::CallbackInfo & info) {
    require(info.Length() == 1 && info[0].IsString(), "(path)");
    return State::of(info.Env())
        .file_jobs(info.Env())
        .add(std::make_unique<CheckGgufJob>(info[0].As<Napi::String>().Utf8Value()));
}

} // namespace medgemma
