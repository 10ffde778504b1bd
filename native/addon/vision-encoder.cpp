#include "addon/vision-encoder.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/state.h"
#include "vision/encoder.h"
#include "vision/mmproj.h"

namespace medgemma {
namespace {

struct ProjectorFacts {
    std::string path;
    SiglipConfig tower;
    Gemma3HeadConfig head;
    const char * weight_type;
    size_t tensor_count;
    size_t byte_length;
    EncoderMemory memory;
    EncoderMemory gpu_memory;

    explicit ProjectorFacts(const Projector & projector)
        : path(projector.path()), tower(projector.tower().config), head(projector.head().config),
          weight_type(name_of(projector.weight_type())), tensor_count(projector.tensor_count()),
          byte_length(projector.byte_length()), memory(memory_needed(projector, false)),
          gpu_memory(memory_needed(projector, true)) {}

    static Napi::Object memory_object(Napi::Env env, const EncoderMemory & needed) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("weightBytes", static_cast<double>(needed.weight_bytes));
        object.Set("workBytes", static_cast<double>(needed.work_bytes));
        return object;
    }

    Napi::Object to_javascript(Napi::Env env) const {
        Napi::Object facts = Napi::Object::New(env);
        facts.Set("path", path);
        facts.Set("imageSize", static_cast<double>(tower.image_size));
        facts.Set("patchSize", static_cast<double>(tower.patch_size));
        facts.Set("layers", static_cast<double>(tower.n_layers));
        facts.Set("width", static_cast<double>(tower.n_embd));
        facts.Set("heads", static_cast<double>(tower.n_heads));
        facts.Set("feedForward", static_cast<double>(tower.n_ff));
        facts.Set("tokensPerImage", static_cast<double>(head.n_tokens()));
        facts.Set("projectionSize", static_cast<double>(head.n_projection));
        facts.Set("weightType", weight_type);
        facts.Set("tensorCount", static_cast<double>(tensor_count));
        facts.Set("byteLength", static_cast<double>(byte_length));
        Napi::Object devices = Napi::Object::New(env);
        devices.Set("cpu", memory_object(env, memory));
        devices.Set("gpu", memory_object(env, gpu_memory));
        facts.Set("memory", devices);
        return facts;
    }
};

class InspectJob : public Job {
public:
    explicit InspectJob(std::string path) : path_(std::move(path)) {}
    void run() override { facts_.emplace(Projector(path_)); }
    Napi::Value result(Napi::Env env) override { return facts_->to_javascript(env); }

private:
    const std::string path_;
    std::optional<ProjectorFacts> facts_;
};

// Shared by the JavaScript object's functions and the jobs under way; the last of them frees the weights.
class VisionEncoder : public std::enable_shared_from_this<VisionEncoder> {
public:
    VisionEncoder(Napi::Env env, std::string path, Encoder::Options options)
        : path_(std::move(path)), options_(options), queue_(env) {}

    Napi::Value load(Napi::Env env);
    Napi::Value encode(const Napi::CallbackInfo & info);
    Napi::Value encode_stages(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);

private:
    class LoadJob;
    class EncodeJob;
    class EncodeStagesJob;
    class DisposeJob;

    Napi::Object to_javascript(Napi::Env env);

    const std::string path_;
    const Encoder::Options options_;
    std::optional<ProjectorFacts> facts_;
    std::optional<Encoder> encoder_; // the queue's thread only
    std::atomic<bool> is_disposed_ = false;
    JobQueue queue_;
};

class VisionEncoder::LoadJob : public Job {
public:
    explicit LoadJob(std::shared_ptr<VisionEncoder> self) : self_(std::move(self)) {}

    void run() override {
        const Projector projector(self_->path_);
        self_->facts_.emplace(projector);
        self_->encoder_.emplace(projector, self_->options_);
    }

    Napi::Value result(Napi::Env env) override { return self_->to_javascript(env); }

private:
    const std::shared_ptr<VisionEncoder> self_;
};

class VisionEncoder::EncodeJob : public Job {
public:
    EncodeJob(std::shared_ptr<VisionEncoder> self,
              std::vector<uint8_t> pixels,
              const Napi::Value & on_layer,
              std::shared_ptr<std::atomic<bool>> is_aborted)
        : self_(std::move(self)), pixels_(std::move(pixels)), is_aborted_(std::move(is_aborted)) {
        if (on_layer.IsFunction()) {
            on_layer_ = Napi::Persistent(on_layer.As<Napi::Function>());
        }
    }

    void run() override {
        check_usable();
        try {
            tokens_ = self_->encoder_->encode(
                pixels_, [this] { return *is_aborted_ || self_->is_disposed_; },
                [this](int64_t done, int64_t total) { report(done, total); });
        } catch (const Error &) {
            check_usable(); // stopped by dispose: that is the reason worth telling
            throw;
        }
    }

    Napi::Value result(Napi::Env env) override {
        Napi::Float32Array tokens = Napi::Float32Array::New(env, tokens_.size());
        std::memcpy(tokens.Data(), tokens_.data(), tokens_.size() * sizeof(float));
        return tokens;
    }

    void stop() override { *is_aborted_ = true; }

private:
    void check_usable() const {
        if (self_->is_disposed_) {
            throw Error("DISPOSED", "The image tower was disposed before the image was encoded.");
        }
    }

    // The job outlives the callback: its own promise is settled after it.
    void report(int64_t done, int64_t total) {
        if (on_layer_.IsEmpty()) {
            return;
        }
        self_->queue_.post([this, done, total](Napi::Env env) {
            on_layer_.Call(
                {Napi::Number::New(env, static_cast<double>(done)), Napi::Number::New(env, static_cast<double>(total))});
        });
    }

    const std::shared_ptr<VisionEncoder> self_;
    const std::vector<uint8_t> pixels_; // (image_size, image_size, 3)
    const std::shared_ptr<std::atomic<bool>> is_aborted_;
    Napi::FunctionReference on_layer_;
    std::vector<float> tokens_; // (n_tokens, n_projection)
};

class VisionEncoder::EncodeStagesJob : public Job {
public:
    EncodeStagesJob(std::shared_ptr<VisionEncoder> self, std::vector<uint8_t> pixels)
        : self_(std::move(self)), pixels_(std::move(pixels)) {}

    void run() override {
        if (self_->is_disposed_) {
            throw Error("DISPOSED", "The image tower was disposed before the image was encoded.");
        }
        stages_ = self_->encoder_->encode_stages(pixels_, [this] { return is_stopped_ || self_->is_disposed_; });
    }

    Napi::Value result(Napi::Env env) override {
        Napi::Array list = Napi::Array::New(env, stages_.size());
        for (uint32_t i = 0; i < stages_.size(); ++i) {
            const StageValues & stage = stages_[i];
            Napi::Float32Array values = Napi::Float32Array::New(env, stage.values.size());
            std::memcpy(values.Data(), stage.values.data(), stage.values.size() * sizeof(float));
            Napi::Object entry = Napi::Object::New(env);
            entry.Set("name", stage.name);
            entry.Set("rows", static_cast<double>(stage.rows));
            entry.Set("width", static_cast<double>(stage.width));
            entry.Set("values", values);
            list.Set(i, entry);
        }
        return list;
    }

    void stop() override { is_stopped_ = true; }

private:
    const std::shared_ptr<VisionEncoder> self_;
    const std::vector<uint8_t> pixels_;
    std::atomic<bool> is_stopped_ = false;
    std::vector<StageValues> stages_;
};

// Behind all others in the queue: what runs is stopped, what waits is refused, then the weights go.
class VisionEncoder::DisposeJob : public Job {
public:
    explicit DisposeJob(std::shared_ptr<VisionEncoder> self) : self_(std::move(self)) {}
    void run() override { self_->encoder_.reset(); }
    Napi::Value result(Napi::Env env) override { return env.Undefined(); }

private:
    const std::shared_ptr<VisionEncoder> self_;
};

Napi::Value VisionEncoder::load(Napi::Env) {
    return queue_.add(std::make_unique<LoadJob>(shared_from_this()));
}

std::vector<uint8_t> pixels_of(const Napi::CallbackInfo & info) {
    require(info.Length() >= 1 && info[0].IsTypedArray() && info[0].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array,
            "pixels as a Uint8Array");
    const auto pixels = info[0].As<Napi::Uint8Array>();
    return {pixels.Data(), pixels.Data() + pixels.ElementLength()};
}

Napi::Value VisionEncoder::encode_stages(const Napi::CallbackInfo & info) {
    return queue_.add(std::make_unique<EncodeStagesJob>(shared_from_this(), pixels_of(info)));
}

Napi::Value VisionEncoder::encode(const Napi::CallbackInfo & info) {
    auto is_aborted = std::make_shared<std::atomic<bool>>(false);
    auto job = std::make_unique<EncodeJob>(shared_from_this(), pixels_of(info), info[1], is_aborted);
    Napi::Object run = Napi::Object::New(info.Env());
    run.Set("tokens", queue_.add(std::move(job)));
    run.Set("abort", Napi::Function::New(info.Env(), [is_aborted](const Napi::CallbackInfo &) { *is_aborted = true; }));
    return run;
}

Napi::Value VisionEncoder::dispose(const Napi::CallbackInfo &) {
    is_disposed_ = true;
    return queue_.add(std::make_unique<DisposeJob>(shared_from_this()));
}

Napi::Object VisionEncoder::to_javascript(Napi::Env env) {
    const auto method = [&](auto member) {
        return Napi::Function::New(env, [self = shared_from_this(), member](const Napi::CallbackInfo & info) {
            try {
                return ((*self).*member)(info);
            } catch (const Error & error) {
                throw Napi::Error(info.Env(), State::of(info.Env()).error(info.Env(), error));
            }
        });
    };
    Napi::Object object = Napi::Object::New(env);
    object.Set("facts", facts_->to_javascript(env));
    object.Set("device", encoder_->device());
    object.Set("encode", method(&VisionEncoder::encode));
    object.Set("encodeStages", method(&VisionEncoder::encode_stages));
    object.Set("dispose", method(&VisionEncoder::dispose));
    return object;
}

} // namespace

Napi::Value inspect_projector(const Napi::CallbackInfo & info) {
    require(info.Length() == 1 && info[0].IsString(), "(path)");
    return State::of(info.Env())
        .file_jobs(info.Env())
        .add(std::make_unique<InspectJob>(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Value load_vision_encoder(const Napi::CallbackInfo & info) {
    require(info.Length() == 2 && info[0].IsString() && info[1].IsObject(), "(path, {gpu, threads})");
    const auto options = info[1].As<Napi::Object>();
    require(options.Get("gpu").IsBoolean() && options.Get("threads").IsNumber(), "options {gpu, threads}");
    const int threads = options.Get("threads").As<Napi::Number>().Int32Value();
    require(threads >= 1, "at least one thread");
    const auto encoder =
        std::make_shared<VisionEncoder>(info.Env(), info[0].As<Napi::String>().Utf8Value(),
                                        Encoder::Options{options.Get("gpu").As<Napi::Boolean>().Value(), threads});
    return encoder->load(info.Env());
}

} // namespace medgemma
