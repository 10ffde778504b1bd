// Checks a GGUF file of any model before anybody else reads it: node-llama-cpp and llama.cpp take much of it on trust.
#pragma once

#include <string>

namespace medgemma {

// Everything in the header lies inside the file, and so do the weights of every tensor. Reads the header only.
// Throws MODEL_NOT_FOUND, FILE_UNUSABLE or MODEL_CORRUPT.
void check_gguf_file(const std::string & path);

} // namespace medgemma
