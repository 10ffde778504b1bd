/** The names of the compute backends, as users write them. */

/** "off" is the CPU. */
export const gpuBackends = ["metal", "cuda", "vulkan", "off"] as const;

/** What computes: a GPU through one of these, or "off", the CPU. */
export type GpuBackend = (typeof gpuBackends)[number];
