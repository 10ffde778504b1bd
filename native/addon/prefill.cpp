#include "addon/prefill.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "AddonContext.h" // node-llama-cpp's own class
#include "addon/state.h"
#include "llama.h"

namespace medgemma {
namespace {

// Nothing in JavaScript marks the type, hence prepareContext once per context, before anything else.
AddonContext * unwrap(const Napi::Value & context) {
    require(context.IsObject(), "a node-llama-cpp context");
    return Napi::ObjectWrap<AddonContext>::Unwrap(context.As<Napi::Object>());
}

// Tokens of one image attend to each other in both directions; everything else in Gemma 3 is causal.
class NonCausalAttention {
public:
    explicit NonCausalAttention(llama_context * context) : context_(context) { llama_set_causal_attn(context_, false); }
    ~NonCausalAttention() { llama_set_causal_attn(context_, true); }
    NonCausalAttention(const NonCausalAttention &) = delete;
    NonCausalAttention & operator=(const NonCausalAttention &) = delete;

private:
    llama_context * context_;
};

class DecodeImageJob : public Job {
public:
    DecodeImageJob(const Napi::Object & context,
                   std::vector<float> embeddings,
                   int32_t n_tokens,
                   llama_seq_id sequence,
                   llama_pos position,
                   std::shared_ptr<std::atomic<bool>> is_aborted)
        : context_object_(Napi::Persistent(context)), context_(unwrap(context)->ctx), embeddings_(std::move(embeddings)),
          sequence_(sequence), is_aborted_(std::move(is_aborted)), positions_(static_cast<size_t>(n_tokens)),
          sequence_counts_(static_cast<size_t>(n_tokens), 1), sequences_(static_cast<size_t>(n_tokens), &sequence_),
          wants_logits_(static_cast<size_t>(n_tokens), 0) {
        for (size_t i = 0; i < positions_.size(); ++i) {
            positions_[i] = position + static_cast<llama_pos>(i);
        }
    }

    void run() override {
        const NonCausalAttention non_causal(context_);
        const llama_batch batch{static_cast<int32_t>(positions_.size()),
                                nullptr,
                                embeddings_.data(),
                                positions_.data(),
                                sequence_counts_.data(),
                                sequences_.data(),
                                wants_logits_.data()};
        const int32_t status = *is_aborted_ ? kAborted : llama_decode(context_, batch);
        llama_synchronize(context_);
        if (status == 0) {
            return;
        }
        if (status == kAborted) {
            throw Error("ABORTED", "Reading the image into the conversation was stopped.");
        }
        if (status == kNoRoom) {
            throw Error("CONTEXT_FULL", "The context has no room for an image of " + std::to_string(positions_.size()) +
                                            " tokens. Begin a new conversation, or use a larger context.");
        }
        throw Error("INTERNAL", "llama.cpp could not decode an image (status " + std::to_string(status) + ").");
    }

    Napi::Value result(Napi::Env env) override { return env.Undefined(); }
    void stop() override { *is_aborted_ = true; }

private:
    // What llama_decode returns (llama.h).
    static constexpr int32_t kNoRoom = 1;
    static constexpr int32_t kAborted = 2;

    const Napi::ObjectReference context_object_; // keeps the context from being collected
    llama_context * const context_;
    std::vector<float> embeddings_; // (n_tokens, n_embd)
    llama_seq_id sequence_;
    const std::shared_ptr<std::atomic<bool>> is_aborted_;
    std::vector<llama_pos> positions_;
    std::vector<int32_t> sequence_counts_;
    std::vector<llama_seq_id *> sequences_;
    std::vector<int8_t> wants_logits_;
};

} // namespace

Napi::Value prepare_context(const Napi::CallbackInfo & info) {
    require(info.Length() == 2 && info[1].IsObject(), "(context, {contextSize, batchSize, sequences, threads})");
    const AddonContext * context = unwrap(info[0]);
    const auto asked = info[1].As<Napi::Object>();
    const auto number = [&](const char * name) { return asked.Get(name).As<Napi::Number>().Uint32Value(); };
    const uint32_t sequences = number("sequences");
    const uint32_t batch_size = number("batchSize");
    const uint32_t cells = number("contextSize") * sequences;

    // Plain numbers first: with another layout they are garbage, and the pointer beside them must not be followed.
    // node-llama-cpp rounds the cells up to 256 and adds one to the batch of models with a sliding window.
    const llama_context_params & found = context->context_params;
    const bool matches = found.n_seq_max == sequences && found.n_ctx >= cells && found.n_ctx < cells + 256 &&
                         found.n_batch >= batch_size && found.n_batch <= batch_size + 1 && found.n_ubatch == found.n_batch;
    if (!matches || context->ctx == nullptr || llama_n_ctx(context->ctx) < cells) {
        throw Error("ADDON_MISMATCH", "The installed node-llama-cpp is not the build that the addon was compiled against. "
                                      "Run: npm ci");
    }
    const auto is_aborted = State::of(info.Env()).new_abort_flag(context);
    llama_set_abort_callback(
        context->ctx, [](void * flag) { return static_cast<std::atomic<bool> *>(flag)->load(); }, is_aborted.get());

    const ThreadPool & pool = State::of(info.Env()).new_thread_pool(asked.Get("threads").As<Napi::Number>().Int32Value());
    if (pool.get() != nullptr) {
        llama_attach_threadpool(context->ctx, pool.get(), pool.get());
    }

    Napi::Object prepared = Napi::Object::New(info.Env());
    prepared.Set("release", Napi::Function::New(info.Env(), [pool = &pool](const Napi::CallbackInfo & call) {
                     State::of(call.Env()).release_thread_pool(pool);
                 }));
    prepared.Set("embeddingSize", llama_model_n_embd(llama_get_model(context->ctx)));
    prepared.Set("setAborted", Napi::Function::New(info.Env(), [is_aborted](const Napi::CallbackInfo & call) {
                     *is_aborted = call[0].ToBoolean();
                 }));
    return prepared;
}

Napi::Value decode_image(const Napi::CallbackInfo & info) {
    require(info.Length() == 4 && info[0].IsObject() && info[1].IsTypedArray() && info[2].IsNumber() && info[3].IsNumber(),
            "(context, embeddings, sequenceId, position)");
    require(info[1].As<Napi::TypedArray>().TypedArrayType() == napi_float32_array, "embeddings as a Float32Array");
    const AddonContext * context = unwrap(info[0]);
    require(context->ctx != nullptr, "a context that is not disposed");
    const auto embeddings = info[1].As<Napi::Float32Array>();
    const auto n_embd = static_cast<size_t>(llama_model_n_embd(llama_get_model(context->ctx)));
    const size_t n_tokens = embeddings.ElementLength() / n_embd;
    require(n_tokens > 0 && n_tokens * n_embd == embeddings.ElementLength(), "embeddings in rows of the model's width");
    // In two parts, the first would not see the second.
    require(n_tokens <= llama_n_ubatch(context->ctx), "an image that fits into one batch");
    const int64_t sequence = info[2].As<Napi::Number>().Int64Value();
    const int64_t position = info[3].As<Napi::Number>().Int64Value();
    require(sequence >= 0 && sequence < llama_n_seq_max(context->ctx), "a sequence of this context");
    require(position >= 0 && position + static_cast<int64_t>(n_tokens) <= llama_n_ctx(context->ctx),
            "a position in the context");

    auto is_aborted = State::of(info.Env()).abort_flag(context);
    require(is_aborted != nullptr, "a context that prepareContext knows");

    return State::of(info.Env())
        .prefill_jobs(info.Env())
        .add(std::make_unique<DecodeImageJob>(
            info[0].As<Napi::Object>(), std::vector<float>(embeddings.Data(), embeddings.Data() + embeddings.ElementLength()),
            static_cast<int32_t>(n_tokens), static_cast<llama_seq_id>(sequence), static_cast<llama_pos>(position),
            std::move(is_aborted)));
}

Napi::Value read_logits(const Napi::CallbackInfo & info) {
    require(info.Length() == 2 && info[0].IsObject() && info[1].IsNumber(), "(context, index)");
    llama_context * context = unwrap(info[0])->ctx;
    require(context != nullptr, "a context that is not disposed");
    const float * logits = llama_get_logits_ith(context, info[1].As<Napi::Number>().Int32Value());
    require(logits != nullptr, "the index of an output of the last batch");
    const auto count = static_cast<size_t>(llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(context))));
    Napi::Float32Array copy = Napi::Float32Array::New(info.Env(), count);
    std::memcpy(copy.Data(), logits, count * sizeof(float));
    return copy;
}

} // namespace medgemma
