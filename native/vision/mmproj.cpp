#include "vision/mmproj.h"

#include "error.h"
#include "vision/kernels/kernels.h"
#include "vision/mmproj-reader.h"

namespace medgemma {
namespace {

void check_kind(const MmprojReader & reader) {
    const std::string architecture(reader.text("general.architecture").value_or(""));
    if (architecture.empty()) {
        reader.fail_corrupt("the key general.architecture is missing");
    }
    if (reader.text("general.type").value_or("") == "adapter") {
        throw Error("MODEL_MISMATCH", reader.path() +
                                          " is an adapter (LoRA), not a projector. Give the projector of the model as "
                                          "mmproj and this file as lora.");
    }
    if (architecture != "clip") {
        throw Error("MODEL_MISMATCH", reader.path() + " is a text model (general.architecture = " + architecture.substr(0, 32) +
                                          "), but a projector was expected. Give the file named mmproj-*.gguf.");
    }
    const auto projector = reader.text("clip.projector_type");
    const std::string type(projector.has_value() ? *projector : reader.text("clip.vision.projector_type").value_or("unknown"));
    if (type != "gemma3") {
        throw Error("MODEL_MISMATCH", reader.path() + " is a projector of the kind " + type.substr(0, 32) +
                                          ", expected gemma3. Take the mmproj file that was made for MedGemma.");
    }
    if (!reader.flag("clip.has_vision_encoder")) {
        reader.fail_corrupt("it holds no image tower (clip.has_vision_encoder is not true)");
    }
    // Absent means a different activation in this format, and the answers would be subtly wrong.
    if (!reader.flag("clip.use_gelu")) {
        reader.fail_corrupt("the key clip.use_gelu is not true, so the tower is not the SigLIP of Gemma 3");
    }
}

SiglipConfig read_tower_config(const MmprojReader & reader) {
    SiglipConfig config{};
    // The bounds are far above any known tower; they keep every size below far from overflow.
    config.image_size = reader.count("clip.vision.image_size", 4096);
    config.patch_size = reader.count("clip.vision.patch_size", 256);
    config.n_embd = reader.count("clip.vision.embedding_length", 1 << 15);
    config.n_ff = reader.count("clip.vision.feed_forward_length", 1 << 17);
    config.n_layers = reader.count("clip.vision.block_count", 512);
    config.n_heads = reader.count("clip.vision.attention.head_count", 512);
    config.norm_eps = reader.number("clip.vision.attention.layer_norm_epsilon");
    config.image_mean = reader.colour("clip.vision.image_mean");
    config.image_std = reader.colour("clip.vision.image_std");

    if (config.image_size % config.patch_size != 0) {
        reader.fail_corrupt("the image size " + std::to_string(config.image_size) + " is not a multiple of the patch size " +
                            std::to_string(config.patch_size));
    }
    if (config.grid() > 256) {
        reader.fail_corrupt(std::to_string(config.n_patches()) + " patches are more than the 65536 supported");
    }
    if (config.n_embd % config.n_heads != 0) {
        reader.fail_corrupt("the width " + std::to_string(config.n_embd) + " is not divisible by " +
                            std::to_string(config.n_heads) + " heads");
    }
    if (config.head_size() > kMaxHeadSize) {
        reader.fail_corrupt("heads of " + std::to_string(config.head_size()) + " dimensions are more than the " +
                            std::to_string(kMaxHeadSize) + " supported");
    }
    if (!(config.norm_eps > 0.0F && config.norm_eps < 0.1F)) {
        reader.fail_corrupt("the key clip.vision.attention.layer_norm_epsilon is out of range");
    }
    for (const float deviation : config.image_std) {
        if (!(deviation > 0.0F)) {
            reader.fail_corrupt("the key clip.vision.image_std holds a number that is not positive");
        }
    }
    return config;
}

StoredSiglip read_tower(const MmprojReader & reader) {
    const auto shape = [](auto... sizes) { return MmprojReader::shape(sizes...); };
    StoredSiglip tower{};
    tower.config = read_tower_config(reader);
    const SiglipConfig & config = tower.config;
    const int64_t n_embd = config.n_embd;
    const int64_t n_ff = config.n_ff;

    tower.patch_embedding.weight = reader.tensor("v.patch_embd.weight", shape(config.patch_size, config.patch_size, 3, n_embd));
    tower.patch_embedding.bias = reader.vector("v.patch_embd.bias", n_embd);
    tower.position_embedding = reader.tensor("v.position_embd.weight", shape(n_embd, config.n_patches()));

    for (int64_t i = 0; i < config.n_layers; ++i) {
        const std::string block = "v.blk." + std::to_string(i) + ".";
        StoredSiglipLayer layer{};
        layer.ln1 = reader.norm(block + "ln1", n_embd);
        layer.ln2 = reader.norm(block + "ln2", n_embd);

        if (reader.has(block + "attn_qkv.weight")) {
            const StoredLinear fused = reader.linear(block + "attn_qkv", n_embd, 3 * n_embd);
            StoredLinear * const parts[] = {&layer.q, &layer.k, &layer.v};
            for (int64_t part = 0; part < 3; ++part) {
                // The bias is one row of 3 * n_embd; cut it like a column of rows.
                const StoredTensor bias{fused.bias.name, fused.bias.type, 1, 3 * n_embd, fused.bias.bytes};
                *parts[part] = {fused.weight.rows_from(part * n_embd, n_embd), bias.rows_from(part * n_embd, n_embd)};
                parts[part]->bias.width = n_embd;
                parts[part]->bias.rows = 1;
            }
        } else {
            layer.q = reader.linear(block + "attn_q", n_embd, n_embd);
            layer.k = reader.linear(block + "attn_k", n_embd, n_embd);
            layer.v = reader.linear(block + "attn_v", n_embd, n_embd);
        }
        layer.out = reader.linear(block + "attn_out", n_embd, n_embd);

        // Old converters named the two feed-forward matrices the wrong way round; the shapes tell.
        const bool swapped = n_ff != n_embd && reader.shape_of(block + "ffn_down.weight") == shape(n_embd, n_ff);
        layer.fc1 = reader.linear(block + (swapped ? "ffn_down" : "ffn_up"), n_embd, n_ff);
        layer.fc2 = reader.linear(block + (swapped ? "ffn_up" : "ffn_down"), n_ff, n_embd);
        tower.layers.push_back(layer);
    }

    tower.post_norm = reader.norm("v.post_ln", n_embd);
    return tower;
}

StoredGemma3Head read_head(const MmprojReader & reader, const SiglipConfig & tower) {
    StoredGemma3Head head{};
    Gemma3HeadConfig & config = head.config;
    config.grid = tower.grid();
    config.pool_size = reader.count_or("clip.vision.projector.scale_factor", 4, 256);
    config.n_embd = tower.n_embd;
    config.n_projection = reader.count("clip.vision.projection_dim", 1 << 17);
    config.norm_eps = tower.norm_eps;
    if (config.grid % config.pool_size != 0) {
        reader.fail_corrupt("the " + std::to_string(config.grid) + " patches of a side are not divisible by the pool size " +
                            std::to_string(config.pool_size));
    }
    head.token_norm = reader.vector("mm.soft_emb_norm.weight", config.n_embd);
    head.projection = reader.tensor("mm.input_projection.weight", MmprojReader::shape(config.n_projection, config.n_embd));
    return head;
}

} // namespace

Projector::Projector(const std::string & path) : path_(path), file_(path), header_(read_gguf_header(file_.bytes(), path_)) {
    const MmprojReader reader(header_, path_);
    check_kind(reader);
    tower_ = read_tower(reader);
    head_ = read_head(reader, tower_.config);
}

void Projector::require_finite(const StoredTensor & stored) const {
    if (!stored.is_finite()) {
        throw Error("MODEL_CORRUPT",
                    path_ + " is not a usable projector: tensor " + stored.name +
                        " holds weights that are not finite numbers. Download it again, or use another conversion.");
    }
}

} // namespace medgemma
