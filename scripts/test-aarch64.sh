#!/usr/bin/env bash
# Runs the native tests, kernels included, as a 64-bit Arm program on any Linux machine: cross-compiled, under qemu. Linked to
# node-llama-cpp's own libraries for linux-arm64. Run `npm run test:native` first, which unpacks the headers.
#
#   apt install g++-aarch64-linux-gnu qemu-user
#   scripts/test-aarch64.sh                     with every set of kernels
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
libraries=$root/node_modules/@node-llama-cpp/linux-arm64/bins/linux-arm64
[ -d "$libraries" ] || { echo "node-llama-cpp's linux-arm64 package is missing: npm i --no-save --force @node-llama-cpp/linux-arm64" >&2; exit 1; }
headers=$(ls -d "$root"/native/build/llama.cpp-* | head -1)
build=$root/native/build/aarch64
cmake -S "$root/native" -B "$build" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_BUILD_TYPE=Release -DMEDGEMMA_BACKENDS=cpu \
  "-DMEDGEMMA_LIBRARIES_cpu=$libraries" "-DMEDGEMMA_LLAMA_HEADERS=$headers" \
  "-DMEDGEMMA_HOST_HEADERS=$root/node_modules/node-llama-cpp/llama/addon" "-DMEDGEMMA_OUTPUT=$build/out" -DMEDGEMMA_TESTS=ON > /dev/null
cmake --build "$build" --target medgemma-tests --parallel > /dev/null
for kernels in neon-bf16 neon portable; do
  echo "kernels: $kernels"
  qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$libraries" -E MEDGEMMA_CPU_KERNELS="$kernels" \
    "$build/out/medgemma-tests" "$root/test/fixtures/native" "$root/models/demo"
done
