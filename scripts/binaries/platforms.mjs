// Which addon goes with which package of node-llama-cpp. The libraries' names carry the backend and the version
// (libggml.vulkan.v0.4.0.so), so each package needs an addon of its own.

/** node-llama-cpp's build name → where our addon for it lies in prebuilds/. */
export const builds = {
  "linux-arm64": "linux-arm64/medgemma-cpu.node",
  "linux-x64": "linux-x64/medgemma-cpu.node",
  "linux-x64-cuda": "linux-x64/medgemma-cuda.node",
  "linux-x64-vulkan": "linux-x64/medgemma-vulkan.node",
  "mac-arm64-metal": "darwin-arm64/medgemma-metal.node",
  "mac-x64": "darwin-x64/medgemma-cpu.node",
  "win-arm64": "win32-arm64/medgemma-cpu.node",
  "win-x64": "win32-x64/medgemma-cpu.node",
  "win-x64-cuda": "win32-x64/medgemma-cuda.node",
  "win-x64-vulkan": "win32-x64/medgemma-vulkan.node"
};

/** node-llama-cpp's library names, on every system: libllama.vulkan.v0.4.0.so, llama.v0.4.0.dll, @rpath/libggml-base.dylib. */
const hostLibrary = /^(?:@rpath\/)?(?:lib)?(llama|ggml-base|ggml)\.(?:.*\.)?(?:so|dylib|dll)$/;

/** "llama", "ggml" or "ggml-base"; undefined for any other library. */
export function hostLibraryKind(name) {
  return hostLibrary.exec(name)?.[1];
}

/** A C function of llama.cpp or ggml. */
export function isHostSymbol(name) {
  return /^(llama|ggml|gguf)_\w+$/.test(name);
}

/** A name of llama.cpp's or ggml's that is mangled, and so differs between compilers. */
export function isMangledHostSymbol(name) {
  return /^(?:_Z|\?).*(?:llama|ggml|gguf)_/.test(name) && !/medgemma|Addon/.test(name);
}
