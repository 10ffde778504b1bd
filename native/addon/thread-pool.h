// Threads that stay between the tokens of an answer. ggml would start new ones for every token, which the system then has to
// spread over the cores anew.
#pragma once

#include "ggml.h"

namespace medgemma {

class ThreadPool {
public:
    // With one thread, or where ggml's CPU backend offers no pools, it is empty.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool &) = delete;
    ThreadPool & operator=(const ThreadPool &) = delete;

    ggml_threadpool_t get() const { return pool_; }

private:
    ggml_threadpool_t pool_ = nullptr;
};

} // namespace medgemma
