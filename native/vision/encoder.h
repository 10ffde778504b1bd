// Holds the weights of a tower and its head on a compute device and runs it: pixels in, image tokens out. No Node in here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ggml-backend.h"
#include "ggml.h"
#include "vision/backends.h"
#include "vision/heads/gemma3.h"
#include "vision/mmproj.h"
#include "vision/siglip.h"

namespace medgemma {

using Scheduler = std::unique_ptr<ggml_backend_sched, Free<ggml_backend_sched_free>>;

// Bytes that a tower takes on the device that computes it.
struct EncoderMemory {
    size_t weight_bytes; // as long as it is loaded
    size_t work_bytes; // while it encodes; on a GPU from the first image on
};

// Counts, loads nothing. For a GPU: this machine's, and where it has none, one with ggml's fused attention.
EncoderMemory memory_needed(const Projector & projector, bool gpu);

// What a named stage of the tower computed: (rows, width), row-major.
struct StageValues {
    std::string name;
    int64_t rows;
    int64_t width;
    std::vector<float> values;
};

class Encoder {
public:
    struct Options {
        bool gpu; // the backend's GPU; false: the CPU
        int threads; // CPU threads, at least 1
        bool ggml_kernels = false; // ggml's operators on the CPU too: the graph that a GPU gets, for tests
    };

    // Copies the weights to the device; the projector may be closed afterwards.
    // Throws GPU_UNAVAILABLE, OUT_OF_MEMORY or ADDON_MISMATCH.
    Encoder(const Projector & projector, const Options & options);
    Encoder(const Encoder &) = delete;
    Encoder & operator=(const Encoder &) = delete;

    const std::string & device() const { return device_; } // "CPU", "Vulkan0", "CUDA0", "Metal"

    // pixels: (image_size, image_size, 3), 8-bit RGB. Returns (n_tokens, n_projection).
    // `on_layer` is called on this thread after each layer. `is_aborted` is asked often, from any thread; once it says so,
    // ABORTED is thrown, on the CPU at the next step of the graph, on a GPU behind the layer in work. One call at a time.
    std::vector<float> encode(std::span<const uint8_t> pixels,
                              const std::function<bool()> & is_aborted,
                              const std::function<void(int64_t done, int64_t total)> & on_layer);

    // The same, but keeps what every stage computed, the image tokens last: to find where a machine computes something else.
    std::vector<StageValues> encode_stages(std::span<const uint8_t> pixels, const std::function<bool()> & is_aborted);

private:
    struct Graph;
    static GgmlAttention choose_attention(const Siglip & tower, const Gemma3Head & head, ggml_backend_dev_t gpu);
    friend EncoderMemory memory_needed(const Projector & projector, bool gpu);

    void compute(const Graph & graph,
                 std::span<const uint8_t> pixels,
                 const std::function<bool()> & is_aborted,
                 const std::function<void(int64_t done, int64_t total)> & on_layer,
                 const std::function<void(const Graph &)> & read);
    void load_weights(const Projector & projector);
    bool has_own_kernels() const;
    std::unique_ptr<Operators> operators() const;

    const Options options_;
    const WeightType weight_type_;
    std::string device_;
    Backend gpu_; // empty on the CPU
    Backend cpu_; // always there: it takes what the others do not know
    // Freed before the backend that holds them, in reverse order of declaration.
    GgmlContext weight_context_;
    BackendBuffer weight_buffer_;
    Siglip tower_{};
    Gemma3Head head_{};
    GgmlAttention attention_{true, false};
    Scheduler scheduler_; // kept on a GPU only, from the first image on
};
static_assert(!std::is_copy_constructible_v<Encoder>);

} // namespace medgemma
