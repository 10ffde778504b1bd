#include <algorithm>
#include <atomic>
#include <deque>
#include <vector>

#include "ggml.h"
#include "vision/kernels/aligned.h"
#include "vision/operators.h"

namespace medgemma {
namespace {

int64_t parts_of(int64_t count, int64_t size) {
    return (count + size - 1) / size;
}

const float * floats_of(const ggml_tensor * tensor) {
    return static_cast<const float *>(tensor->data);
}

// Memory of one thread, aligned for the kernels.
class Scratch {
public:
    void reserve(size_t bytes) { memory_.resize(std::max(memory_.size(), bytes + kKernelAlignment)); }
    uint8_t * begin() { return aligned_begin(memory_.data()); }

private:
    std::vector<uint8_t> memory_;
};

// Custom nodes of ggml. Blocks of a node are given to whichever thread is free: one that the system holds back does not hold
// back the others.
class CpuOperators : public Operators {
public:
    explicit CpuOperators(const CpuKernels & attention) : attention_(attention) {}

    ggml_tensor * linear(ggml_context * g, const Linear & w, ggml_tensor * x, const Fusion & fusion) override {
        ggml_tensor * args[] = {x, fusion.residual};
        Node & node = add_node([this, w, x, fusion](ggml_tensor * y, int threads) {
            LinearJob job{};
            job.weight = {w.type, w.in, w.out, packed_bytes_of(w.weight)};
            job.bias = floats_of(w.bias);
            job.x = floats_of(x);
            if (fusion.norm != nullptr) {
                job.norm_weight = floats_of(fusion.norm->weight);
                job.norm_bias = floats_of(fusion.norm->bias);
                job.norm_epsilon = fusion.norm->epsilon;
            }
            job.gelu = fusion.gelu;
            job.residual = fusion.residual == nullptr ? nullptr : floats_of(fusion.residual);
            job.y = static_cast<float *>(y->data);
            job.rows = x->ne[1];
            const int64_t block = w.kernels->linear_block(w.in, job.rows, threads);
            return Work{parts_of(job.rows, block), [&kernels = *w.kernels, job, block](int64_t i, uint8_t * scratch) {
                            kernels.linear(job, i * block, std::min(block, job.rows - i * block), scratch);
                        }};
        });
        scratch_needs_.push_back([w, rows = x->ne[1]](int threads) {
            return w.kernels->linear_scratch(w.in, w.kernels->linear_block(w.in, rows, threads));
        });
        return custom(g, GGML_TYPE_F32, w.out, x->ne[1], args, fusion.residual == nullptr ? 1 : 2, node);
    }

    ggml_tensor * attention(ggml_context * g, ggml_tensor * qkv, int64_t heads, int64_t head_size) override {
        const int64_t n = qkv->ne[1];
        const auto job_of = [=](ggml_tensor * packed, ggml_tensor * y) {
            return AttentionJob{
                floats_of(qkv), packed_bytes_of(packed), y == nullptr ? nullptr : static_cast<float *>(y->data), n, heads,
                head_size};
        };
        Node & pack = add_node([this, job_of, n](ggml_tensor * packed, int) {
            const int64_t block = attention_.key_block;
            return Work{parts_of(n, block), [this, job = job_of(packed, nullptr), n, block](int64_t i, uint8_t *) {
                            attention_.pack_keys(job, i * block, std::min(block, n - i * block));
                        }};
        });
        const size_t bytes = static_cast<size_t>(heads) * attention_.packed_head_bytes(n, head_size);
        ggml_tensor * packed = custom(g, GGML_TYPE_I8, static_cast<int64_t>(bytes + kKernelAlignment), 1, &qkv, 1, pack);

        Node & mix = add_node([this, job_of, packed, n, heads](ggml_tensor * y, int) {
            const int64_t block = attention_.attention_block;
            const int64_t blocks = parts_of(n, block);
            return Work{heads * blocks, [this, job = job_of(packed, y), n, block, blocks](int64_t i, uint8_t * scratch) {
                            const int64_t first = i % blocks * block;
                            attention_.attention(job, i / blocks, first, std::min(block, n - first), scratch);
                        }};
        });
        scratch_needs_.push_back([this, head_size](int) { return attention_.attention_scratch(head_size); });
        ggml_tensor * args[] = {qkv, packed};
        return custom(g, GGML_TYPE_F32, heads * head_size, n, args, 2, mix);
    }

    void prepare(int threads, std::function<bool()> is_aborted) override {
        is_aborted_ = std::move(is_aborted);
        size_t max = 0;
        for (const auto & need : scratch_needs_) {
            max = std::max(max, need(threads));
        }
        scratch_.resize(static_cast<size_t>(threads));
        for (Scratch & scratch : scratch_) {
            scratch.reserve(max);
        }
    }

private:
    struct Work {
        int64_t blocks;
        std::function<void(int64_t block, uint8_t * scratch)> run;
    };

    struct Node {
        CpuOperators * owner;
        // When the tensors have their memory: what there is to do.
        std::function<Work(ggml_tensor * y, int threads)> plan;
        std::atomic<int64_t> next{0};
    };

    Node & add_node(std::function<Work(ggml_tensor *, int)> plan) {
        Node & node = nodes_.emplace_back();
        node.owner = this;
        node.plan = std::move(plan);
        return node;
    }

    static ggml_tensor * custom(
        ggml_context * g, ggml_type type, int64_t width, int64_t rows, ggml_tensor ** args, int count, Node & node) {
        return ggml_custom_4d(g, type, width, rows, 1, 1, args, count, compute, GGML_N_TASKS_MAX, &node);
    }

    // On each thread of the backend. A graph is computed once, so the counter begins at 0.
    static void compute(ggml_tensor * y, int thread, int threads, void * self) {
        Node & node = *static_cast<Node *>(self);
        const Work work = node.plan(y, threads);
        uint8_t * scratch = node.owner->scratch_[static_cast<size_t>(thread)].begin();
        for (int64_t block = node.next++; block < work.blocks && !node.owner->is_aborted_(); block = node.next++) {
            work.run(block, scratch);
        }
    }

    const CpuKernels & attention_;
    std::deque<Node> nodes_;
    std::vector<std::function<size_t(int threads)>> scratch_needs_;
    std::vector<Scratch> scratch_;
    std::function<bool()> is_aborted_;
};

} // namespace

uint8_t * packed_bytes_of(ggml_tensor * tensor) {
    return aligned_begin(static_cast<uint8_t *>(tensor->data));
}

std::unique_ptr<Operators> cpu_operators(const CpuKernels & attention) {
    return std::make_unique<CpuOperators>(attention);
}

} // namespace medgemma
