// Opens a projector file (mmproj-*.gguf), a SigLIP tower with the head of Gemma 3, and checks all of it before anything is
// computed.
#pragma once

#include <string>
#include <vector>

#include "gguf/header.h"
#include "gguf/mapped-file.h"
#include "vision/heads/gemma3.h"
#include "vision/siglip.h"
#include "vision/stored-tensor.h"

namespace medgemma {

struct StoredSiglipLayer {
    StoredNorm ln1, ln2;
    StoredLinear q, k, v, out; // (n_embd, n_embd)
    StoredLinear fc1; // (n_ff, n_embd)
    StoredLinear fc2; // (n_embd, n_ff)
};

struct StoredSiglip {
    SiglipConfig config;
    StoredLinear patch_embedding; // (n_embd, 3 * patch * patch)
    StoredTensor position_embedding; // (n_patches, n_embd)
    std::vector<StoredSiglipLayer> layers;
    StoredNorm post_norm;
};

struct StoredGemma3Head {
    Gemma3HeadConfig config;
    StoredTensor token_norm; // (n_embd)
    StoredTensor projection; // (n_embd, n_projection): used as x * W
};

class Projector {
public:
    // Throws MODEL_NOT_FOUND, FILE_UNUSABLE, MODEL_CORRUPT (damaged or incomplete) or MODEL_MISMATCH (some other model).
    explicit Projector(const std::string & path);

    const std::string & path() const { return path_; }
    const StoredSiglip & tower() const { return tower_; }
    const StoredGemma3Head & head() const { return head_; }
    WeightType weight_type() const { return tower_.layers.front().q.weight.type; }
    size_t tensor_count() const { return header_.tensors.size(); }
    size_t byte_length() const { return file_.bytes().size(); }

    // Throws MODEL_CORRUPT unless all weights of a tensor are finite numbers. Opening the file does not read them. ggml's
    // operators make nothing of others, or end the process: its assertions are on in node-llama-cpp's libraries for Windows.
    void require_finite(const StoredTensor & stored) const;

    // Gives the memory behind a tensor's part of the file back to the system; it is read again if it is wanted again.
    void forget(const StoredTensor & stored) const { file_.forget(stored.bytes); }

private:
    std::string path_;
    MappedFile file_;
    GgufHeader header_;
    StoredSiglip tower_{};
    StoredGemma3Head head_{};
};

} // namespace medgemma
