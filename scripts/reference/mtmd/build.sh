#!/usr/bin/env bash
# Builds llama.cpp of exactly the version in node-llama-cpp's source bundle, and the program here on top of its mtmd library.
#
#   scripts/reference/mtmd/build.sh FOLDER      takes some 20 minutes on two cores; FOLDER/conversations is the program
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
bundle=$here/../../../node_modules/node-llama-cpp/llama/gitRelease.bundle
[ -d "$folder/llama.cpp" ] || git clone --quiet "$bundle" "$folder/llama.cpp"
cmake -S "$folder/llama.cpp" -B "$folder/llama.cpp/build" -DCMAKE_BUILD_TYPE=Release -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
cmake --build "$folder/llama.cpp/build" --parallel --target mtmd llama-common llama-mtmd-cli llama-bench llama-quantize
libraries=$folder/llama.cpp/build/bin
c++ -std=c++17 -O2 -I"$folder/llama.cpp/include" -I"$folder/llama.cpp/ggml/include" -I"$folder/llama.cpp/tools/mtmd" \
  -I"$folder/llama.cpp/vendor" "$here/conversations.cpp" -o "$folder/conversations" \
  -L"$libraries" -lmtmd -lllama -lggml -lggml-base -Wl,-rpath,"$libraries"
