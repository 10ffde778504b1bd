/** The names of the compute backends, as users write them. */

/** "off" is the CPU. */
export const gpuBackends = ["metal", "cuda", "vulkan", "off"] as const;

export type GpuBackend = (typeof gpuBackends)[number];
