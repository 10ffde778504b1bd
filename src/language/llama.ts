/** The host as the rooms above see it: started, with its backend, threads and free memory. What runs a model there is in host/. */
export { readDeviceMemory, startLlama, type LlamaRuntime } from "./host/llama.js";
