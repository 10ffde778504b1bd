#include "vision/mmproj.h"

#include "test/noise.h"
#include "test/test.h"
#include "test/tiny-projector.h"

namespace medgemma::test {
namespace {

void check_refused(const TinyProjector & projector, const std::string & code, const std::string & words) {
    const TemporaryFile file(projector.bytes());
    check_throws(code, words, [&] { Projector{file.path()}; });
}

const Test reads_config("mmproj reads the tower's sizes", [] {
    const TemporaryFile file(TinyProjector().bytes());
    const Projector projector(file.path());
    const SiglipConfig & tower = projector.tower().config;
    const Gemma3HeadConfig & head = projector.head().config;
    check(tower.n_patches() == 4 && head.n_tokens() == 1 && head.n_projection == 64, "wrong sizes");
    check(tower.head_size() == 72 && padded_head_size(tower.head_size()) == 80, "wrong heads");
    check(projector.weight_type() == WeightType::F32 && projector.tower().layers.size() == 2, "wrong layers");
});

const Test default_pool("mmproj pools 4 x 4 where the file says nothing", [] {
    TinyProjector projector;
    projector.numbers.erase("clip.vision.projector.scale_factor");
    check_refused(projector, "MODEL_CORRUPT", "pool size 4"); // 2 x 2 patches do not divide by it
});

const Test other_models("mmproj refuses other models by name", [] {
    TinyProjector text;
    text.texts["general.architecture"] = "gemma3";
    check_refused(text, "MODEL_MISMATCH", "is a text model");
    TinyProjector llava;
    llava.texts["clip.projector_type"] = "mlp";
    check_refused(llava, "MODEL_MISMATCH", "of the kind mlp");
    TinyProjector other_activation;
    other_activation.flags.erase("clip.use_gelu");
    check_refused(other_activation, "MODEL_CORRUPT", "clip.use_gelu");
    TinyProjector no_tower;
    no_tower.flags["clip.has_vision_encoder"] = false;
    check_refused(no_tower, "MODEL_CORRUPT", "no image tower");
});

const Test bad_numbers("mmproj refuses sizes that cannot be", [] {
    for (const auto & [key, value] : std::map<std::string, uint32_t>{{"clip.vision.image_size", 29},
                                                                     {"clip.vision.image_size", 0},
                                                                     {"clip.vision.image_size", 4000000000},
                                                                     {"clip.vision.patch_size", 0},
                                                                     {"clip.vision.attention.head_count", 7},
                                                                     {"clip.vision.block_count", 3},
                                                                     {"clip.vision.block_count", 4000000000},
                                                                     {"clip.vision.embedding_length", 256},
                                                                     {"clip.vision.projection_dim", 32}}) {
        TinyProjector projector;
        projector.numbers[key] = value;
        check_refused(projector, "MODEL_CORRUPT", "");
    }
    for (const float value : {0.0F, -1.0F, 1.0F, NAN, INFINITY}) {
        TinyProjector projector;
        projector.decimals["clip.vision.attention.layer_norm_epsilon"] = value;
        check_refused(projector, "MODEL_CORRUPT", "layer_norm_epsilon");
    }
    TinyProjector zero_std;
    zero_std.lists["clip.vision.image_std"] = {0.5F, 0.0F, 0.5F};
    check_refused(zero_std, "MODEL_CORRUPT", "image_std");
    TinyProjector two_means;
    two_means.lists["clip.vision.image_mean"] = {0.5F, 0.5F};
    check_refused(two_means, "MODEL_CORRUPT", "image_mean");
});

const Test long_heads("mmproj refuses heads that are longer than the kernels take", [] {
    TinyProjector projector;
    projector.numbers["clip.vision.attention.head_count"] = 1; // of 288
    check_refused(projector, "MODEL_CORRUPT", "heads of 288 dimensions");
});

const Test every_key("mmproj names every missing key", [] {
    for (const auto & [key, value] : TinyProjector().numbers) {
        if (key != "clip.vision.projector.scale_factor") { // it has a default
            TinyProjector projector;
            projector.numbers.erase(key);
            check_refused(projector, "MODEL_CORRUPT", key);
        }
    }
});

const Test every_tensor("mmproj names every tensor that is missing, of another shape or type", [] {
    for (const auto & [name, tensor] : TinyProjector().tensors) {
        TinyProjector missing;
        missing.tensors.erase(name);
        check_refused(missing, "MODEL_CORRUPT", name);
        TinyProjector other_shape;
        other_shape.tensors.at(name).claimed_shape.back() += 1;
        check_refused(other_shape, "MODEL_CORRUPT", name);
        TinyProjector other_type;
        other_type.tensors.at(name).claimed_type = 12; // Q4_K
        check_refused(other_type, "MODEL_CORRUPT", name);
    }
});

const Test truncated("mmproj refuses a file that is cut off anywhere", [] {
    const std::vector<uint8_t> whole = TinyProjector().bytes();
    for (size_t size = 0; size < whole.size(); size += whole.size() / 150 + 1) {
        const TemporaryFile file({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
        check_throws("MODEL_CORRUPT", file.path(), [&] { Projector{file.path()}; });
    }
    const TemporaryFile all_but_one({whole.begin(), whole.end() - 1});
    check_throws("MODEL_CORRUPT", "truncated", [&] { Projector{all_but_one.path()}; });
});

const Test mutated("mmproj survives 2000 files with damaged headers", [] {
    const std::vector<uint8_t> whole = TinyProjector().bytes();
    const size_t header_size = whole.size() - read_gguf_header(whole, "file").tensor_bytes.size();
    const std::vector<uint8_t> random = noise(2000 * 4, 7);
    for (size_t round = 0; round < 2000; ++round) {
        std::vector<uint8_t> bytes = whole;
        const uint8_t * dice = random.data() + round * 4;
        bytes[(dice[0] * 256U + dice[1]) % header_size] = dice[2];
        const TemporaryFile file(bytes);
        try {
            Projector{file.path()};
        } catch (const Error &) {
        }
    }
});

const Test not_files("mmproj refuses what is no file", [] {
    check_throws("MODEL_NOT_FOUND", "/nowhere.gguf", [] { Projector{"/nowhere.gguf"}; });
    check_throws("FILE_UNUSABLE", "directory", [] { Projector{"."}; });
});

} // namespace
} // namespace medgemma::test
