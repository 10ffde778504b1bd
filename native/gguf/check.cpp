#include "gguf/check.h"

#include "error.h"
#include "ggml.h"
#include "gguf/header.h"
#include "gguf/mapped-file.h"

namespace medgemma {

void check_gguf_file(const std::string & path) {
    const MappedFile file(path);
    const GgufHeader header = read_gguf_header(file.bytes(), path);
    const GgufValue * parts = header.find("split.count");
    const bool is_split = parts != nullptr && std::holds_alternative<uint64_t>(*parts) && std::get<uint64_t>(*parts) > 1;
    // The first part of a split model may hold nothing but the keys (gguf-split --no-tensor-first-split).
    if (header.tensors.empty() && !is_split) {
        throw Error("MODEL_CORRUPT", path + " holds no weights. Download it again; for an adapter (LoRA): the converter "
                                            "keeps nothing of the image tower, so merge it into the model.");
    }
    const uint64_t available = header.tensor_bytes.size();
    for (const auto & [name, tensor] : header.tensors) {
        const std::string quoted = quoted_name(name);
        const auto type = static_cast<ggml_type>(tensor.type);
        if (tensor.type >= GGML_TYPE_COUNT || ggml_blck_size(type) == 0) {
            throw Error("MODEL_CORRUPT", path + " is damaged: tensor " + quoted + " has the unknown weight type " +
                                             std::to_string(tensor.type) + ". Download it again.");
        }
        const uint64_t width = tensor.shape.front();
        const uint64_t block = static_cast<uint64_t>(ggml_blck_size(type));
        if (width % block != 0) {
            throw Error("MODEL_CORRUPT", path + " is damaged: the rows of tensor " + quoted + " have " + std::to_string(width) +
                                             " weights, which is not a multiple of the block size " + std::to_string(block) +
                                             ". Download it again.");
        }
        // The product of the shape fits into 63 bits, but its bytes need not.
        uint64_t blocks = width / block;
        for (size_t i = 1; i < tensor.shape.size(); ++i) {
            blocks *= tensor.shape[i];
        }
        const uint64_t block_bytes = ggml_type_size(type);
        if (tensor.offset > available || blocks > (available - tensor.offset) / block_bytes) {
            throw Error("MODEL_CORRUPT", path + " is truncated: the weights of tensor " + quoted + " lie behind its end (" +
                                             std::to_string(file.bytes().size()) + " bytes). Download it again.");
        }
    }
}

} // namespace medgemma
