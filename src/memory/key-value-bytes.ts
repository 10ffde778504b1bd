/** Bytes of the KV cache, layer by layer. They are all in use from the start: llama.cpp clears them. */
import type { ContextShape } from "../language/host/context-shape.js";
import { isGlobal, type GemmaShape } from "../language/gemma-shape.js";

/**
 * node-llama-cpp's estimate has the work memory in the same number, and without a simulated model it is off by 5 % to twice;
 * this equals llama.cpp's own count (test/memory/text-memory.test.ts).
 */
export function keyValueBytes(shape: GemmaShape, context: ContextShape): number[] {
  const valueBytes = shape.isExact ? 4 : 2; // F32, F16
  const cellBytes = shape.keyValueHeads * (shape.keySize + shape.valueSize) * valueBytes;
  return Array.from({ length: shape.layers }, (_, layer) => {
    return context.parallel * (isGlobal(shape, layer) ? context.cells : context.localCells) * cellBytes;
  });
}
