#include "gguf/header.h"

#include <cstring>

#include "test/noise.h"
#include "test/test.h"
#include "test/tiny-projector.h"

namespace medgemma::test {
namespace {

// A copy of exactly this length, so that a sanitizer sees a read behind its end.
void read(std::vector<uint8_t> bytes) {
    bytes.shrink_to_fit();
    read_gguf_header(bytes, "file.gguf");
}

const Test reads("gguf reads keys and tensors", [] {
    const std::vector<uint8_t> bytes = TinyProjector().bytes();
    const GgufHeader header = read_gguf_header(bytes, "file.gguf");
    check(header.version == 3, "wrong version");
    check(std::get<std::string_view>(*header.find("clip.projector_type")) == "gemma3", "wrong text");
    check(std::get<uint64_t>(*header.find("clip.vision.embedding_length")) == 288, "wrong number");
    check(std::get<bool>(*header.find("clip.use_gelu")), "wrong flag");
    check(header.find("clip.vision.nothing") == nullptr, "found a key that is not there");
    check(header.tensors.at("v.patch_embd.weight").shape == std::vector<uint64_t>{14, 14, 3, 288}, "wrong shape");
});

const Test not_gguf("gguf refuses a file that is not GGUF", [] {
    check_throws("MODEL_CORRUPT", "is empty", [] { read({}); });
    check_throws("MODEL_CORRUPT", "not a GGUF file", [] { read({'G', 'G'}); });
    check_throws("MODEL_CORRUPT", "not a GGUF file", [] { read({'<', 'h', 't', 'm', 'l', '>'}); });
    check_throws("MODEL_CORRUPT", "the version", [] { read({'G', 'G', 'U', 'F', 3}); });
    check_throws("MODEL_CORRUPT", "version 2 or 3", [] { read({'G', 'G', 'U', 'F', 1, 0, 0, 0}); });
});

const Test truncated("gguf refuses a header that is cut off anywhere", [] {
    const std::vector<uint8_t> whole = TinyProjector().bytes();
    const GgufHeader header = read_gguf_header(whole, "file.gguf");
    const size_t header_size = whole.size() - header.tensor_bytes.size();
    for (size_t size = 0; size < header_size; size += size < 200 ? 1 : 37) {
        check_throws("MODEL_CORRUPT", "file.gguf", [&] {
            read({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)});
        });
    }
});

const Test lying_counts("gguf refuses counts and lengths that the file cannot hold", [] {
    const std::vector<uint8_t> whole = TinyProjector().bytes();
    const auto with = [&](size_t offset, uint64_t value) {
        std::vector<uint8_t> bytes = whole;
        std::memcpy(bytes.data() + offset, &value, sizeof(value));
        return bytes;
    };
    for (const uint64_t count : {UINT64_MAX, UINT64_MAX / 2, uint64_t{1} << 32, uint64_t{1} << 24}) {
        check_throws("MODEL_CORRUPT", "file.gguf", [&] { read(with(8, count)); }); // tensors
        check_throws("MODEL_CORRUPT", "file.gguf", [&] { read(with(16, count)); }); // keys
        check_throws("MODEL_CORRUPT", "file.gguf", [&] { read(with(24, count)); }); // length of the first key
    }
});

const Test impossible_shapes("gguf refuses shapes whose size overflows", [] {
    for (const std::vector<uint64_t> & shape :
         {std::vector<uint64_t>{0}, {UINT64_MAX}, {1ULL << 32, 1ULL << 32}, {1ULL << 40, 1ULL << 40, 1ULL << 40}}) {
        TinyProjector projector;
        projector.tensors.at("v.post_ln.weight").claimed_shape = shape;
        check_throws("MODEL_CORRUPT", "impossible shape", [&] { read(projector.bytes()); });
    }
    TinyProjector projector;
    projector.tensors.at("v.post_ln.weight").claimed_shape = {1, 1, 1, 1, 1};
    check_throws("MODEL_CORRUPT", "5 dimensions", [&] { read(projector.bytes()); });
});

// Whatever the bytes are, reading ends in a header or an Error.
const Test mutated("gguf survives 3000 files with damaged headers", [] {
    const std::vector<uint8_t> whole = TinyProjector().bytes();
    const size_t header_size = whole.size() - read_gguf_header(whole, "file.gguf").tensor_bytes.size();
    const std::vector<uint8_t> random = noise(3000 * 8, 20260524);
    for (size_t round = 0; round < 3000; ++round) {
        std::vector<uint8_t> bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(header_size));
        const uint8_t * dice = random.data() + round * 8;
        for (int change = 0; change <= dice[0] % 3; ++change) {
            bytes[(dice[1 + change] * 256U + dice[4 + change]) % header_size] = dice[7];
        }
        try {
            read(bytes);
        } catch (const Error &) {
        }
    }
});

} // namespace
} // namespace medgemma::test
