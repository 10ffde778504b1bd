// Opens a projector file (mmproj-*.gguf) of a Gemma 3 vision model and checks all of it before anything is computed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gguf/header.h"
#include "gguf/mapped-file.h"
#include "vision/config.h"
#include "vision/weight-type.h"

namespace medgemma {

const char * name_of(WeightType type);

// Bytes of one row of `width` weights; the width fits the type's block size once the file is checked.
size_t row_bytes(WeightType type, int64_t width);

// A matrix (or vector, rows = 1) inside the mapped file: (rows, width), row-major.
struct StoredTensor {
    std::string name;
    WeightType type;
    int64_t width;
    int64_t rows;
    std::span<const uint8_t> bytes;

    StoredTensor rows_from(int64_t first, int64_t count) const;
};

struct StoredLinear {
    StoredTensor weight; // (out, in)
    StoredTensor bias; // (out)
};

struct StoredNorm {
    StoredTensor weight; // (n_embd)
    StoredTensor bias; // (n_embd)
};

struct StoredLayer {
    StoredNorm ln1, ln2;
    StoredLinear q, k, v, out; // (n_embd, n_embd)
    StoredLinear fc1; // (n_ff, n_embd)
    StoredLinear fc2; // (n_embd, n_ff)
};

class Projector {
public:
    // Throws MODEL_NOT_FOUND, FILE_UNUSABLE, MODEL_CORRUPT (damaged or incomplete) or MODEL_MISMATCH (some other model).
    explicit Projector(const std::string & path);

    const std::string & path() const { return path_; }
    const Config & config() const { return config_; }
    WeightType weight_type() const { return layers_.front().q.weight.type; }
    size_t tensor_count() const { return header_.tensors.size(); }
    size_t byte_length() const { return file_.bytes().size(); }

    // Throws MODEL_CORRUPT unless all weights of a tensor are finite numbers. Opening the file does not read them. ggml's
    // operators make nothing of others, or end the process: its assertions are on in node-llama-cpp's libraries for Windows.
    void require_finite(const StoredTensor & stored) const;

    const StoredLinear & patch_embedding() const { return patch_embedding_; } // (n_embd, 3 * patch * patch)
    const StoredTensor & position_embedding() const { return position_embedding_; } // (n_patches, n_embd)
    const std::vector<StoredLayer> & layers() const { return layers_; }
    const StoredNorm & post_norm() const { return post_norm_; }
    const StoredTensor & token_norm() const { return token_norm_; } // (n_embd)
    // Gives the memory behind a tensor's part of the file back to the system; it is read again if it is wanted again.
    void forget(const StoredTensor & stored) const { file_.forget(stored.bytes); }

    const StoredTensor & projection() const { return projection_; } // (n_embd, n_projection): used as x * W

private:
    void read_config();
    void find_tensors();

    std::string path_;
    MappedFile file_;
    GgufHeader header_;
    Config config_{};
    StoredLinear patch_embedding_{};
    StoredTensor position_embedding_{};
    std::vector<StoredLayer> layers_;
    StoredNorm post_norm_{};
    StoredTensor token_norm_{};
    StoredTensor projection_{};
};

} // namespace medgemma
