// What the addon keeps for one JavaScript environment (the main thread, or a worker thread). Nothing is global.
#pragma once

#include <napi.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "addon/job-queue.h"
#include "addon/thread-pool.h"
#include "error.h"

namespace medgemma {

class State {
public:
    static State & of(Napi::Env env) { return *env.GetInstanceData<State>(); }

    // The class MedGemmaError of src/errors.ts: native failures arrive as the package's own errors.
    void set_error_class(const Napi::Function & error_class) { error_class_ = Napi::Persistent(error_class); }
    Napi::Value error(Napi::Env env, const Error & error) const;

    // Work on files and images, and the decoding of image tokens; apart, so that one need not wait for the other.
    JobQueue & file_jobs(Napi::Env env) { return opened(file_jobs_, env); }
    JobQueue & prefill_jobs(Napi::Env env) { return opened(prefill_jobs_, env); }

    // One for every context of node-llama-cpp; llama.cpp holds the address of the flag as long as the context lives.
    std::shared_ptr<std::atomic<bool>> new_abort_flag(const void * context) {
        return abort_flags_[context] = std::make_shared<std::atomic<bool>>(false);
    }
    std::shared_ptr<std::atomic<bool>> abort_flag(const void * context) const {
        const auto found = abort_flags_.find(context);
        return found == abort_flags_.end() ? nullptr : found->second;
    }

    // A pool that was not released goes with the environment, when nothing computes any more.
    ThreadPool & new_thread_pool(int threads) { return *thread_pools_.emplace_back(std::make_unique<ThreadPool>(threads)); }
    void release_thread_pool(const ThreadPool * pool) {
        std::erase_if(thread_pools_, [pool](const auto & one) { return one.get() == pool; });
    }

    // All that run; a queue puts itself in and takes itself out.
    std::set<JobQueue *> & queues() { return queues_; }

private:
    static JobQueue & opened(std::optional<JobQueue> & queue, Napi::Env env) {
        if (!queue.has_value()) {
            queue.emplace(env);
        }
        return *queue;
    }

    Napi::FunctionReference error_class_;
    std::vector<std::unique_ptr<ThreadPool>> thread_pools_; // behind the queues, whose jobs compute with them
    std::map<const void *, std::shared_ptr<std::atomic<bool>>> abort_flags_;
    std::set<JobQueue *> queues_;
    std::optional<JobQueue> file_jobs_;
    std::optional<JobQueue> prefill_jobs_;
};

// TypeScript checks what users give; this guards the boundary itself. Throws INVALID_ARGUMENT.
void require(bool holds, const char * what);

// A native function as JavaScript calls it: an Error becomes a MedGemmaError that is thrown.
template <auto function>
Napi::Value exported(const Napi::CallbackInfo & info) {
    try {
        return function(info);
    } catch (const Error & error) {
        throw Napi::Error(info.Env(), State::of(info.Env()).error(info.Env(), error));
    }
}

} // namespace medgemma
