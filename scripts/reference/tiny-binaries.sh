#!/usr/bin/env bash
# Makes test/fixtures/binaries: one tiny library for each system, by another toolchain than ours (zig, which brings clang and lld).
#   pip install ziglang==0.17.1 && scripts/reference/tiny-binaries.sh
set -euo pipefail
out=$(cd "$(dirname "$0")/../.." && pwd)/test/fixtures/binaries
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > host.c <<'C'
#ifdef _WIN32
__declspec(dllexport)
#endif
int llama_tiny(int x) { return x + 1; }
#ifdef _WIN32
__declspec(dllexport)
#endif
int ggml_tiny(int x) { return x + 2; }
C
cat > user.c <<'C'
int llama_tiny(int);
#ifdef _WIN32
__declspec(dllexport)
#endif
int napi_register_module_v1(int x) { return llama_tiny(x); }
C
zig() { python3 -m ziglang cc -O2 -g0 -s -fno-sanitize=all "${@:2}"; }
for target in x86_64-linux-gnu; do
  zig cc -target $target -shared -nostdlib -Wl,-soname,libllama.v0.4.0.so host.c -o libllama.v0.4.0.so
  zig cc -target $target -shared -nostdlib user.c libllama.v0.4.0.so -o "$out/user-$target.so"
  cp libllama.v0.4.0.so "$out/host-$target.so"
done
for target in aarch64-macos; do
  zig cc -target $target -dynamiclib -Wl,-install_name,@rpath/libllama.v0.4.0.dylib host.c -o libllama.v0.4.0.dylib
  zig cc -target $target -dynamiclib -Wl,-install_name,@rpath/user.dylib user.c libllama.v0.4.0.dylib -o "$out/user-$target.dylib"
  cp libllama.v0.4.0.dylib "$out/host-$target.dylib"
done
for target in x86_64-windows-gnu; do
  zig cc -target $target -shared host.c -o llama.v0.4.0.dll -Wl,--out-implib,llama.lib
  zig cc -target $target -shared user.c llama.lib -o "$out/user-$target.dll"
  cp llama.v0.4.0.dll "$out/host-$target.dll"
done
rm -f "$out"/*.pdb "$out"/*.lib
