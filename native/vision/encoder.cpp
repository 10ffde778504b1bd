#include "vision/encoder.h"

#include <algorithm>
#include <cmath>

#include "error.h"
#include "ggml-alloc.h"
#include "ggml-cpu.h"
#include "vision/backends.h"
#include "vision/weight-loader.h"

namespace medgemma {
namespace {

constexpr size_t kNodesPerLayer = 48; // a layer takes about 40 of ggml's operators
constexpr size_t kOtherNodes = 64; // embedding, last norm and head

size_t graph_size_of(const SiglipConfig & config) {
    return static_cast<size_t>(config.n_layers) * kNodesPerLayer + kOtherNodes;
}

// Tensors without storage: a backend or the scheduler gives it to them.
GgmlContext new_context(size_t bytes) {
    GgmlContext context(ggml_init({bytes, nullptr, true}));
    if (!context) {
        throw Error("OUT_OF_MEMORY", "No memory for the description of the image tower.");
    }
    return context;
}

// (image_size, image_size, 3) bytes -> (n_patches, 3 * patch * patch) floats, in a patch channel by channel.
std::vector<float> patches_of(std::span<const uint8_t> pixels, const SiglipConfig & c) {
    std::vector<float> patches(static_cast<size_t>(c.n_patches() * c.patch_values()));
    float * out = patches.data();
    for (int64_t grid_y = 0; grid_y < c.grid(); ++grid_y) {
        for (int64_t grid_x = 0; grid_x < c.grid(); ++grid_x) {
            for (size_t channel = 0; channel < 3; ++channel) {
                for (int64_t y = grid_y * c.patch_size; y < (grid_y + 1) * c.patch_size; ++y) {
                    const uint8_t * row = pixels.data() + (y * c.image_size + grid_x * c.patch_size) * 3;
                    for (int64_t x = 0; x < c.patch_size; ++x) {
                        const float value = static_cast<float>(row[static_cast<size_t>(x) * 3 + channel]) / 255.0F;
                        *out++ = (value - c.image_mean[channel]) / c.image_std[channel];
                    }
                }
            }
        }
    }
    return patches;
}

std::vector<float> values_of(const ggml_tensor * tensor) {
    std::vector<float> values(static_cast<size_t>(ggml_nelements(tensor)));
    ggml_backend_tensor_get(tensor, values.data(), 0, values.size() * sizeof(float));
    return values;
}

} // namespace

// The computation of one image, without storage yet.
struct Encoder::Graph {
    std::unique_ptr<Operators> operators;
    GgmlContext context;
    ggml_tensor * patches;
    SiglipOutput tower;
    ggml_tensor * tokens; // (n_tokens, n_projection)
    Stages stages; // in order; the last is `tokens`
    ggml_cgraph * graph;

    // `keeps_stages`: the memory of a stage is not used again for what comes after it.
    Graph(const Siglip & siglip, const Gemma3Head & head, std::unique_ptr<Operators> makes, bool keeps_stages = false)
        : operators(std::move(makes)) {
        const SiglipConfig & config = siglip.config;
        const size_t size = graph_size_of(config);
        context = new_context(ggml_tensor_overhead() * size + ggml_graph_overhead_custom(size, false));
        patches = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, config.patch_values(), config.n_patches());
        ggml_set_input(patches);
        tower = forward(context.get(), siglip, *operators, patches, stages);
        tokens = forward(context.get(), head, tower.features, stages);
        ggml_set_output(tokens);
        for (const Stage & stage : stages) {
            if (keeps_stages) {
                ggml_set_output(stage.tensor);
            }
        }
        graph = ggml_new_graph_custom(context.get(), size, false);
        ggml_build_forward_expand(graph, tokens);
    }
};

namespace {

// What ggml calls between the nodes of the graph while it computes.
struct Watch {
    const std::function<bool()> & is_aborted;
    const std::function<void(int64_t, int64_t)> & on_layer;
    const std::vector<ggml_tensor *> & layer_ends;
    size_t layers_done = 0;

    // The scheduler asks at each node whether to stop behind it, and comes back when it was computed.
    static bool at_node(ggml_tensor * node, bool ask, void * self) {
        Watch & watch = *static_cast<Watch *>(self);
        const bool is_layer_end = watch.layers_done < watch.layer_ends.size() && node == watch.layer_ends[watch.layers_done];
        if (ask) {
            return is_layer_end;
        }
        if (is_layer_end) {
            ++watch.layers_done;
            watch.on_layer(static_cast<int64_t>(watch.layers_done), static_cast<int64_t>(watch.layer_ends.size()));
        }
        return !watch.is_aborted();
    }

    static bool abort_now(void * self) { return static_cast<Watch *>(self)->is_aborted(); }
};

} // namespace

EncoderMemory memory_needed(const Projector & projector, bool gpu) {
    const ggml_backend_dev_t device = gpu ? gpu_device() : nullptr;
    const ggml_backend_buffer_type_t buffers =
        device != nullptr ? ggml_backend_dev_buffer_type(device) : ggml_backend_cpu_buffer_type();
    const GgmlContext weight_context = new_context(WeightLoader::context_bytes(projector));
    WeightLoader loader(weight_context.get(), projector, !gpu);
    const Siglip tower = loader.tower();
    const Gemma3Head head = loader.head();
    EncoderMemory memory{};
    memory.weight_bytes = ggml_backend_alloc_ctx_tensors_from_buft_size(weight_context.get(), buffers);

    // The allocator counts what has no storage yet: the weights have theirs.
    for (ggml_tensor * tensor = ggml_get_first_tensor(weight_context.get()); tensor != nullptr;
         tensor = ggml_get_next_tensor(weight_context.get(), tensor)) {
        tensor->data = tensor;
    }
    const Encoder::Graph graph(tower, head,
                               gpu ? ggml_operators(Encoder::choose_attention(tower, head, device))
                                   : cpu_operators(cpu_kernels_for(projector.weight_type())));
    const std::unique_ptr<ggml_gallocr, Free<ggml_gallocr_free>> allocator(ggml_gallocr_new(buffers));
    ggml_gallocr_reserve_n_size(allocator.get(), graph.graph, nullptr, nullptr, &memory.work_bytes);
    return memory;
}

Encoder::Encoder(const Projector & projector, const Options & options)
    : options_(options), weight_type_(projector.weight_type()) {
    cpu_ = new_cpu_backend(options.threads);
    if (options.gpu) {
        gpu_ = new_gpu_backend();
    }
    device_ = ggml_backend_dev_name(ggml_backend_get_device(gpu_ ? gpu_.get() : cpu_.get()));
    load_weights(projector);
    if (gpu_) {
        attention_ = choose_attention(tower_, head_, ggml_backend_get_device(gpu_.get()));
    }
}

bool Encoder::has_own_kernels() const {
    return !gpu_ && !options_.ggml_kernels;
}

void Encoder::load_weights(const Projector & projector) {
    weight_context_ = new_context(WeightLoader::context_bytes(projector));
    WeightLoader loader(weight_context_.get(), projector, has_own_kernels());
    tower_ = loader.tower();
    head_ = loader.head();

    weight_buffer_.reset(ggml_backend_alloc_ctx_tensors(weight_context_.get(), gpu_ ? gpu_.get() : cpu_.get()));
    if (!weight_buffer_) {
        throw Error("OUT_OF_MEMORY", "No memory on " + device_ + " for the image tower of " + projector.path() + " (" +
                                         std::to_string(projector.byte_length() >> 20) +
                                         " MiB). Close other programs, or take a smaller mmproj file (Q8_0).");
    }
    ggml_backend_buffer_set_usage(weight_buffer_.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    loader.copy_all();
}

// `gpu`: null for one that is not here.
GgmlAttention Encoder::choose_attention(const Siglip & tower, const Gemma3Head & head, ggml_backend_dev_t gpu) {
    const GgmlAttention fused{true, true};
    if (gpu == nullptr) {
        return fused;
    }
    const Graph graph(tower, head, ggml_operators(fused));
    for (int i = 0; i < ggml_graph_n_nodes(graph.graph); ++i) {
        const ggml_tensor * node = ggml_graph_node(graph.graph, i);
        if (node->op == GGML_OP_FLASH_ATTN_EXT && !ggml_backend_dev_supports_op(gpu, node)) {
            return {false, false};
        }
    }
    return fused;
}

std::unique_ptr<Operators> Encoder::operators() const {
    return has_own_kernels() ? cpu_operators(cpu_kernels_for(weight_type_)) : ggml_operators(attention_);
}

std::vector<float> Encoder::encode(std::span<const uint8_t> pixels,
                                   const std::function<bool()> & is_aborted,
                                   const std::function<void(int64_t, int64_t)> & on_layer) {
    std::vector<float> tokens;
    compute(Graph(tower_, head_, operators()), pixels, is_aborted, on_layer,
            [&](const Graph & graph) { tokens = values_of(graph.tokens); });
    if (!std::all_of(tokens.begin(), tokens.end(), [](float value) { return std::isfinite(value); })) {
        throw Error("INTERNAL", "The image tower computed values that are not numbers on " + device_ +
                                    ". The projector file is damaged or its F16 weights overflow: take the BF16 or F32 file.");
    }
    return tokens;
}

std::vector<StageValues> Encoder::encode_stages(std::span<const uint8_t> pixels, const std::function<bool()> & is_aborted) {
    std::vector<StageValues> stages;
    compute(
        Graph(tower_, head_, operators(), true), pixels, is_aborted, [](int64_t, int64_t) {},
        [&](const Graph & graph) {
            for (const Stage & stage : graph.stages) {
                stages.push_back({stage.name, stage.tensor->ne[1], stage.tensor->ne[0], values_of(stage.tensor)});
            }
        });
    return stages;
}

void Encoder::compute(const Graph & graph,
                      std::span<const uint8_t> pixels,
                      const std::function<bool()> & is_aborted,
                      const std::function<void(int64_t, int64_t)> & on_layer,
                      const std::function<void(const Graph &)> & read) {
    const SiglipConfig & config = tower_.config;
    const size_t expected = static_cast<size_t>(config.image_size * config.image_size * 3);
    if (pixels.size() != expected) {
        throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(expected) + " bytes of RGB for the tower's " +
                                            std::to_string(config.image_size) + " x " + std::to_string(config.image_size) +
                                            " pixels but received " + std::to_string(pixels.size()) + ".");
    }
    const auto check_aborted = [&] {
        if (is_aborted()) {
            throw Error("ABORTED", "Encoding the image was stopped.");
        }
    };
    const auto fail_memory = [&]() {
        throw Error("OUT_OF_MEMORY", "No memory on " + device_ + " to encode an image. Close other programs, or use the CPU.");
    };
    check_aborted();

    // A GPU keeps its working memory, since getting it takes long there. On the CPU it lives for one image: between images the
    // text model has it.
    Scheduler scheduler = std::move(scheduler_);
    if (!scheduler) {
        std::vector<ggml_backend_t> backends;
        if (gpu_) {
            backends.push_back(gpu_.get());
        }
        backends.push_back(cpu_.get()); // takes what a GPU does not know
        scheduler.reset(ggml_backend_sched_new(backends.data(), nullptr, static_cast<int>(backends.size()),
                                               graph_size_of(config), false, false));
    }
    ggml_backend_sched_reset(scheduler.get());
    Watch watch{is_aborted, on_layer, graph.tower.layer_ends};
    ggml_backend_sched_set_eval_callback(scheduler.get(), Watch::at_node, &watch);
    if (!ggml_backend_sched_alloc_graph(scheduler.get(), graph.graph)) {
        fail_memory();
    }
    const std::vector<float> patch_values = patches_of(pixels, config);
    ggml_backend_tensor_set(graph.patches, patch_values.data(), 0, patch_values.size() * sizeof(float));

    graph.operators->prepare(options_.threads, is_aborted);
    const CpuAbort cpu_abort(cpu_.get(), Watch::abort_now, &watch);
    const ggml_status status = ggml_backend_sched_graph_compute(scheduler.get(), graph.graph);
    check_aborted();
    if (status == GGML_STATUS_ALLOC_FAILED) {
        fail_memory();
    }
    if (status != GGML_STATUS_SUCCESS) {
        throw Error("INTERNAL", "The image tower failed on " + device_ + " (ggml status " + std::to_string(status) + ").");
    }

    read(graph);
    if (gpu_) {
        scheduler_ = std::move(scheduler);
    }
}

} // namespace medgemma
