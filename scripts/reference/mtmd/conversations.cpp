// Puts conversations to llama.cpp's own mtmd library, for ../compare.py: the same files as ../run.mjs.
//
//   conversations TEXT.gguf MMPROJ.gguf DIR/conversations.jsonl OUT [--exact] [--blank-lines] [--tokens 64]
//
// Gemma's template is written out here, with mtmd's marker where an image stands; what mtmd makes of the marker is its own.
// --exact         keys and values in F32 and no flash attention, as this package does for weights in F32
// --blank-lines   puts the blank lines around the marker that Google's processor has and mtmd leaves out
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "llama.h"
#include "mtmd-helper.h"
#include "mtmd.h"
#include "nlohmann/json.hpp"

using json = nlohmann::json;

namespace {

void check(bool holds, const char * what) {
    if (!holds) {
        throw std::runtime_error(what);
    }
}

std::string strip(const std::string & text) {
    const char * blanks = " \t\n\r\v\f";
    const size_t begin = text.find_first_not_of(blanks);
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The prompt behind <bos>, with a marker for each image.
std::string prompt_of(const json & conversation, bool blank_lines, std::vector<std::string> & images) {
    std::string prompt;
    bool first = true;
    for (const json & turn : conversation["turns"]) {
        prompt += "<start_of_turn>user\n";
        if (first && conversation["system"].is_string()) {
            prompt += conversation["system"].get<std::string>() + "\n\n";
        }
        first = false;
        for (const json & part : turn["user"]) {
            if (part.is_string()) {
                prompt += strip(part.get<std::string>());
                continue;
            }
            images.push_back(part["image"].get<std::string>());
            prompt += blank_lines ? std::string("\n\n") + mtmd_default_marker() + "\n\n" : mtmd_default_marker();
        }
        prompt += "<end_of_turn>\n<start_of_turn>model\n";
        if (turn["model"].is_string()) {
            prompt += strip(turn["model"].get<std::string>()) + "<end_of_turn>\n";
        }
    }
    return prompt;
}

class Program {
public:
    Program(const std::string & text, const std::string & mmproj, bool exact) {
        llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        mtmd_helper_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        ggml_backend_load_all();
        model_ = llama_model_load_from_file(text.c_str(), llama_model_default_params());
        check(model_ != nullptr, "cannot load the text model");
        llama_context_params params = llama_context_default_params();
        params.n_ctx = 4096;
        params.n_batch = params.n_ubatch = 512;
        params.n_threads = params.n_threads_batch = 1;
        if (exact) {
            params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
            params.type_k = params.type_v = GGML_TYPE_F32;
        }
        context_ = llama_init_from_model(model_, params);
        check(context_ != nullptr, "cannot make a context");
        mtmd_context_params vision = mtmd_context_params_default();
        vision.n_threads = 1;
        vision.warmup = false;
        vision.print_timings = false;
        vision.flash_attn_type = exact ? LLAMA_FLASH_ATTN_TYPE_DISABLED : vision.flash_attn_type;
        mtmd_ = mtmd_init_from_file(mmproj.c_str(), model_, vision);
        check(mtmd_ != nullptr, "cannot load the projector");
        n_vocab_ = llama_vocab_n_tokens(llama_model_get_vocab(model_));
    }

    json answer(const json & conversation, const std::string & folder, bool blank_lines, int n_tokens, std::FILE * logits) {
        std::vector<std::string> images;
        const std::string prompt = prompt_of(conversation, blank_lines, images);
        std::vector<const mtmd_bitmap *> bitmaps;
        for (const std::string & image : images) {
            bitmaps.push_back(
                mtmd_helper_bitmap_init_from_file(mtmd_, (folder + image).c_str(), false, mtmd_helper_init_opt_default()).bitmap);
            check(bitmaps.back() != nullptr, "cannot read an image");
        }
        mtmd_input_chunks * chunks = mtmd_input_chunks_init();
        const mtmd_input_text text{prompt.c_str(), prompt.size(), true, true};
        check(mtmd_tokenize(mtmd_, chunks, &text, bitmaps.data(), bitmaps.size()) == 0, "cannot tokenize");

        llama_memory_clear(llama_get_memory(context_), true);
        json result{{"ids", json::array()}, {"greedy", json::array()}};
        llama_pos position = 0;
        llama_token best = 0;
        for (size_t i = 0; i < mtmd_input_chunks_size(chunks); ++i) {
            const mtmd_input_chunk * chunk = mtmd_input_chunks_get(chunks, i);
            if (mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_TEXT) {
                size_t count = 0;
                const llama_token * tokens = mtmd_input_chunk_get_tokens_text(chunk, &count);
                for (size_t k = 0; k < count; ++k) {
                    result["ids"].push_back(tokens[k]);
                    best = decode(tokens[k], position++, logits); // one by one, to have the logits of each
                }
            } else {
                for (size_t k = 0; k < mtmd_input_chunk_get_n_tokens(chunk); ++k) {
                    result["ids"].push_back(-1);
                }
                check(mtmd_helper_eval_chunk_single(mtmd_, context_, chunk, position, 0, 512, false, &position) == 0,
                      "cannot decode an image");
            }
        }
        for (int k = 0; k < n_tokens; ++k) {
            result["greedy"].push_back(best);
            best = decode(best, position++, nullptr);
        }
        mtmd_input_chunks_free(chunks);
        for (const mtmd_bitmap * bitmap : bitmaps) {
            mtmd_bitmap_free(const_cast<mtmd_bitmap *>(bitmap));
        }
        return result;
    }

private:
    // Returns the likeliest next token.
    llama_token decode(llama_token token, llama_pos position, std::FILE * logits) {
        llama_seq_id sequence = 0;
        llama_seq_id * sequences = &sequence;
        int32_t n_sequences = 1;
        int8_t wants_logits = 1;
        check(llama_decode(context_, {1, &token, nullptr, &position, &n_sequences, &sequences, &wants_logits}) == 0,
              "cannot decode a token");
        const float * row = llama_get_logits_ith(context_, 0);
        if (logits != nullptr) {
            std::fwrite(row, sizeof(float), static_cast<size_t>(n_vocab_), logits);
        }
        return static_cast<llama_token>(std::max_element(row, row + n_vocab_) - row);
    }

    llama_model * model_ = nullptr;
    llama_context * context_ = nullptr;
    mtmd_context * mtmd_ = nullptr;
    int n_vocab_ = 0;
};

} // namespace

int main(int count, char ** arguments) {
    const std::vector<std::string> given(arguments + 1, arguments + count);
    check(given.size() >= 4, "usage: conversations TEXT MMPROJ CONVERSATIONS OUT [--exact] [--blank-lines] [--tokens 64]");
    const auto has = [&](const char * option) { return std::find(given.begin(), given.end(), option) != given.end(); };
    const auto tokens = std::find(given.begin(), given.end(), "--tokens");
    const int n_tokens = tokens == given.end() ? 64 : std::stoi(*(tokens + 1));
    Program program(given[0], given[1], has("--exact"));
    std::ifstream lines(given[2]);
    std::ofstream out(given[3]);
    std::FILE * logits = std::fopen((given[3] + ".logits").c_str(), "wb");
    const std::string folder = given[2].substr(0, given[2].rfind('/') + 1);
    for (std::string line; std::getline(lines, line);) {
        out << program.answer(json::parse(line), folder, has("--blank-lines"), n_tokens, logits).dump() << "\n";
    }
    std::fclose(logits);
    return 0;
}
