/**
 * Bytes that llama.cpp computes a batch in. It reserves them for the largest batch at the end of a full context, with logits
 * for every token. On a GPU that counts in full. On the CPU pages count when they are written to: logits are written for one
 * token of a conversation, and the rest for batches that came.
 *
 * The terms are the tensors of a layer (llama.cpp, src/models/gemma3.cpp) that live at the same time in ggml's allocator. Their
 * sums equal what llama.cpp reserves for the 4B and the demo model at contexts from 512 to 131,072, to 1 %.
 */
import { paddedCells, type ContextShape } from "../language/host/context-shape.js";
import type { GemmaShape } from "../language/gemma-shape.js";

const floatBytes = 4;

/** All that is reserved where the layers are computed. */
export function reservedWorkBytes(shape: GemmaShape, context: ContextShape): number {
  const logits = floatBytes * (shape.vocabulary + 2 * shape.hidden);
  return context.batch * Math.max(layerBytes(shape, context), logits);
}

/**
 * What of it is written to on the CPU by conversations of so many tokens.
 *
 * @param tokens Of one conversation; more than the context holds count as a full one.
 */
export function touchedWorkBytes(shape: GemmaShape, context: ContextShape, tokens: number): number {
  return touchedTokens(context, tokens) * layerBytes(shape, filled(context, tokens)) + logitBytes(shape, context);
}

/** What the CPU holds when the GPU has all layers: the inputs of a batch, and the logits that come back. */
export function inputBytes(shape: GemmaShape, context: ContextShape, tokens: number): number {
  const inputs = maskBytes(shape, filled(context, tokens)) + 2 * shape.hidden * floatBytes;
  return touchedTokens(context, tokens) * inputs + logitBytes(shape, context);
}

/** Of one token of a batch. */
function layerBytes(shape: GemmaShape, context: ContextShape): number {
  const { hidden, heads, keyValueHeads, keySize, valueSize, feedForward, isExact } = shape;
  const query = heads * keySize;
  const keyValue = keyValueHeads * (keySize + valueSize);
  const network = 3 * feedForward + query + keyValue + 2 * hidden;
  // Flash attention keeps no scores; F32 does without it.
  const attention = isExact ? heads * context.cells + 3 * query + keyValue + 3 * hidden : 0;
  return floatBytes * Math.max(network, attention) + maskBytes(shape, context);
}

/** Which cells a token sees, for global and for local layers; flash attention wants it in F16. */
function maskBytes({ isExact }: GemmaShape, { cells, localCells }: ContextShape): number {
  return (cells + localCells) * (isExact ? 4 : 2);
}

/** In the graph, and copied out of it; of the last token of every conversation. */
function logitBytes({ vocabulary }: GemmaShape, { parallel }: ContextShape): number {
  return 2 * parallel * vocabulary * floatBytes;
}

function touchedTokens({ batch, parallel }: ContextShape, tokens: number): number {
  return Math.min(batch, parallel * tokens);
}

function filled(context: ContextShape, tokens: number): ContextShape {
  const cells = Math.min(context.cells, paddedCells(tokens));
  return { ...context, cells, localCells: Math.min(context.localCells, cells) };
}
