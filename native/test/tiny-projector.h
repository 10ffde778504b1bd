// Writes small projector files of random weights, whole or spoiled, for tests. They have the real keys and names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "vision/mmproj.h"

namespace medgemma::test {

struct TinyTensor {
    std::vector<uint64_t> shape; // ggml order
    WeightType type;
    std::vector<float> values;
    // What the file says, where a test lies about it.
    std::vector<uint64_t> claimed_shape;
    uint32_t claimed_type;
};

class TinyProjector {
public:
    // 2 layers, 4 heads of 72, 28 pixels: 2 x 2 patches of 14, pooled to one image token.
    explicit TinyProjector(WeightType matrices = WeightType::F32);

    // Makes the values in front of the first norm so small that its epsilon matters.
    void shrink_embeddings();

    std::map<std::string, uint32_t> numbers;
    std::map<std::string, float> decimals;
    std::map<std::string, std::string> texts;
    std::map<std::string, bool> flags;
    std::map<std::string, std::vector<float>> lists;
    std::map<std::string, TinyTensor> tensors;

    // The bytes of a GGUF file.
    std::vector<uint8_t> bytes() const;

    // Turns q, k and v of each layer into one fused matrix, as some converters write them.
    void fuse_qkv();
    // Names the two feed-forward matrices the wrong way round, as old converters did.
    void swap_ffn();
};

// A file that is gone when the test is done.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::vector<uint8_t> & bytes);
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile &) = delete;
    TemporaryFile & operator=(const TemporaryFile &) = delete;
    const std::string & path() const { return path_; }

private:
    std::string path_;
};

} // namespace medgemma::test
