// A thread of the addon's own that runs jobs one after another and settles their promises on the JavaScript thread.
//
// Not libuv's pool, for two reasons. An image takes up to a minute, and four of them would leave Node without threads for
// files. And when a process exits, Node waits for the pool before it tells anybody: nobody could stop an encoder in time.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include "error.h"

namespace medgemma {

// One piece of work. It is built and destroyed on the JavaScript thread, so it may hold references to JavaScript values;
// the constructor copies what `run` needs, because JavaScript may change or detach it meanwhile.
class Job {
public:
    Job() = default;
    virtual ~Job() = default;
    Job(const Job &) = delete;
    Job & operator=(const Job &) = delete;

    // On the queue's thread: nothing of JavaScript may be touched. Throws Error.
    virtual void run() = 0;
    // On the JavaScript thread, after `run`: what the promise becomes.
    virtual Napi::Value result(Napi::Env env) = 0;
    // From any thread: asks `run` to end soon. The environment goes away.
    virtual void stop() {}
};

class JobQueue {
public:
    explicit JobQueue(Napi::Env env);
    ~JobQueue();
    JobQueue(const JobQueue &) = delete;
    JobQueue & operator=(const JobQueue &) = delete;

    // The owner of the queue must live until the promise is settled: a job holds its owner. Throws DISPOSED after shut_down.
    Napi::Promise add(std::unique_ptr<Job> job);

    // Stops what runs, drops what waits, and ends the thread; their promises are never settled. At the end of the process or
    // of the environment only.
    void shut_down();

    // From a running job: calls `callback` on the JavaScript thread, before the job's promise is settled.
    void post(std::function<void(Napi::Env)> callback);

private:
    struct Pending {
        std::unique_ptr<Job> job;
        Napi::Promise::Deferred deferred;
        std::optional<Error> error;
    };
    using Callback = std::function<void(Napi::Env)>;

    static void call(Napi::Env env, Napi::Function unused, JobQueue * queue, Callback * callback);
    static void at_environment_exit(void * self);
    void work();
    void settle(Napi::Env env, Pending & pending);

    using ToJavaScript = Napi::TypedThreadSafeFunction<JobQueue, Callback, call>;

    napi_env env_;
    ToJavaScript to_javascript_; // keeps the process alive only while `unsettled_` > 0
    size_t unsettled_ = 0; // JavaScript thread only

    std::mutex mutex_; // guards what follows
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Pending>> waiting_;
    std::shared_ptr<Pending> running_;
    bool is_stopping_ = false;

    std::thread thread_;
};
static_assert(!std::is_copy_constructible_v<JobQueue>);

} // namespace medgemma
