/** Why node-llama-cpp could not load a model: it throws plain errors, so their text is all that tells. */
import { resolve } from "node:path";

/** @param detail Of node-llama-cpp's error, or the first complaint of llama.cpp. */
export function isOutOfMemory(detail: string): boolean {
  return /\balloc|out of memory/i.test(detail);
}

/** The adapter that could not be loaded, if it was one. node-llama-cpp 3.21.1: Failed to initialize LoRA adapter "/absolute/path" */
export function failedAdapter<Adapter extends { readonly path: string }>(
  error: unknown,
  adapters: readonly Adapter[]
): Adapter | undefined {
  return adapters.find(
    ({ path }) => error instanceof Error && error.message.includes(`LoRA adapter "${resolve(path)}"`)
  );
}
