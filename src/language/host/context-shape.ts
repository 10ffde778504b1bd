/** The sizes of a context as llama.cpp makes it: what a caller asks for, rounded. */

export interface ContextRequest {
  /** Tokens of one conversation. */
  readonly contextSize: number;
  /** Conversations that are answered at the same time, each with cells of its own. */
  readonly parallel: number;
  /** Tokens of one image, which must fit one batch; 0 for a text-only model. */
  readonly tokensPerImage: number;
}

export interface ContextShape {
  readonly parallel: number;
  /** Tokens that are decoded at once at most, of all conversations together. */
  readonly batch: number;
  /** Cells of a global layer, and of one that keeps only its window; of one conversation. */
  readonly cells: number;
  readonly localCells: number;
}

/** llama.cpp's usual batch; an image must fit into one. */
const minBatchSize = 512;

/** node-llama-cpp and llama.cpp round numbers of cells up to it (contextSizePad; llama-kv-cache-iswa.cpp). */
const cellStep = 256;

export function batchSizeFor(tokensPerImage: number): number {
  return Math.max(minBatchSize, tokensPerImage);
}

/** @param model `window`: tokens that a local layer looks back; null: all layers are global. */
export function contextShapeOf(
  { window }: { readonly window: number | null },
  { contextSize, parallel, tokensPerImage }: ContextRequest
): ContextShape {
  const cells = paddedCells(contextSize);
  // node-llama-cpp asks for one token more where there are local layers (LlamaContext.js).
  const batch = Math.max(batchSizeFor(tokensPerImage), parallel) + (window === null ? 0 : 1);
  return {
    parallel,
    batch: Math.min(batch, cells * parallel),
    cells,
    // A batch must fit behind the window that its first token sees.
    localCells: window === null ? cells : paddedCells(Math.min(cells, window + batch))
  };
}

export function paddedCells(tokens: number): number {
  return Math.ceil(tokens / cellStep) * cellStep;
}
