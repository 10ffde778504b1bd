#include "addon/job-queue.h"

#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "addon/state.h"

namespace medgemma {

JobQueue::JobQueue(Napi::Env env) : env_(env), to_javascript_(ToJavaScript::New(env, "medgemma-local", 0, 1, this)) {
    to_javascript_.Unref(env);
    try {
        thread_ = std::thread(&JobQueue::work, this);
    } catch (const std::system_error & error) {
        to_javascript_.Release();
        throw Error("OUT_OF_MEMORY", std::string("No thread could be started: ") + error.what() + ". Close other programs.");
    }
    // Hooks run last in, first out: this one comes before the thread-safe function's own, which must not be used after it.
    napi_add_env_cleanup_hook(env, at_environment_exit, this);
    State::of(env).queues().insert(this);
}

JobQueue::~JobQueue() {
    shut_down();
}

Napi::Promise JobQueue::add(std::unique_ptr<Job> job) {
    const Napi::Env env(env_);
    if (!thread_.joinable()) {
        throw Error("DISPOSED", "The process is about to end.");
    }
    auto pending = std::make_shared<Pending>(Pending{std::move(job), Napi::Promise::Deferred::New(env), std::nullopt});
    const Napi::Promise promise = pending->deferred.Promise();
    if (unsettled_++ == 0) {
        to_javascript_.Ref(env);
    }
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(pending));
    }
    wake_.notify_one();
    return promise;
}

void JobQueue::post(std::function<void(Napi::Env)> callback) {
    auto owned = std::make_unique<Callback>(std::move(callback));
    if (to_javascript_.NonBlockingCall(owned.get()) == napi_ok) {
        owned.release(); // `call` takes it
    }
}

void JobQueue::work() {
    for (;;) {
        std::shared_ptr<Pending> pending;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
            if (is_stopping_) {
                return;
            }
            pending = std::move(waiting_.front());
            waiting_.pop_front();
            running_ = pending;
        }
        try {
            pending->job->run();
        } catch (const Error & error) {
            pending->error = error;
        } catch (const std::bad_alloc &) {
            pending->error = Error("OUT_OF_MEMORY", "Memory ran out. Close other programs, or use a smaller model.");
        } catch (const std::exception & error) {
            pending->error = Error("INTERNAL", std::string("The native addon failed: ") + error.what() + ".");
        }
        const std::lock_guard lock(mutex_);
        if (is_stopping_) {
            return; // the JavaScript thread waits for this one and destroys `running_`
        }
        running_.reset();
        // Posted under the lock, so that the last reference to the job is never this thread's.
        post([this, settled = std::move(pending)](Napi::Env env) { settle(env, *settled); });
    }
}

// `env` is null when the environment goes away before the callback's turn.
void JobQueue::call(Napi::Env env, Napi::Function, JobQueue *, Callback * callback) {
    const std::unique_ptr<Callback> owned(callback);
    if (env == nullptr) {
        return;
    }
    try {
        (*owned)(env);
    } catch (const Napi::Error &) {
        // A worker that is being terminated lets no JavaScript be called any more: nobody is left to be told.
    }
}

void JobQueue::settle(Napi::Env env, Pending & pending) {
    if (--unsettled_ == 0) {
        to_javascript_.Unref(env);
    }
    const State & state = State::of(env);
    try {
        if (pending.error.has_value()) {
            pending.deferred.Reject(state.error(env, *pending.error));
        } else {
            pending.deferred.Resolve(pending.job->result(env));
        }
    } catch (const Error & error) {
        pending.deferred.Reject(state.error(env, error));
    } catch (const Napi::Error & error) {
        pending.deferred.Reject(error.Value());
    }
}

void JobQueue::at_environment_exit(void * self) {
    static_cast<JobQueue *>(self)->shut_down();
}

void JobQueue::shut_down() {
    if (!thread_.joinable()) {
        return;
    }
    napi_remove_env_cleanup_hook(env_, at_environment_exit, this);
    State::of(env_).queues().erase(this);

    std::deque<std::shared_ptr<Pending>> dropped;
    std::shared_ptr<Pending> stopped;
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        dropped.swap(waiting_);
        stopped = std::move(running_);
        if (stopped) {
            stopped->job->stop();
        }
    }
    wake_.notify_one();
    thread_.join();
    to_javascript_.Release();
    // The jobs die with this scope, and with the last of them may die the owner of this queue: touch nothing after it.
}

} // namespace medgemma
