/** The sizes of a Gemma 3 text model that its memory follows from, out of the file's header. */
import { GgmlType } from "./host/gguf.js";
import type { ModelFile } from "./model-file.js";

export interface GemmaShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Of one head. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  /** Tokens that the model was trained for. */
  readonly contextSize: number;
  /** Tokens that a local layer looks back; null: all layers are global. */
  readonly window: number | null;
  /** Every layer of this number is global, the others are local. */
  readonly globalEvery: number;
  /** All weights are F32, so everything else is too (see `fullPrecision` in host/load-text-host.ts). */
  readonly isExact: boolean;
}

/** Of Gemma 3, where the file does not say (llama.cpp, src/models/gemma3.cpp). */
const defaultGlobalEvery = 6;

/** @param file A file that `checkTextModel` found sound. */
export function shapeOf({ info }: Pick<ModelFile, "info">): GemmaShape {
  const { architectureMetadata: sizes, metadata, fullTensorInfo: tensorInfo = [] } = info;
  const { attention } = sizes;
  const hidden = sizes.embedding_length ?? 0;
  const heads = single(attention?.head_count, 1);
  const contextSize = sizes.context_length ?? 0;
  const window = attention?.sliding_window ?? 0;
  return {
    layers: sizes.block_count ?? 0,
    hidden,
    heads,
    keyValueHeads: single(attention?.head_count_kv, heads),
    keySize: attention?.key_length ?? hidden / heads,
    valueSize: attention?.value_length ?? hidden / heads,
    feedForward: single(sizes.feed_forward_length, 0),
    vocabulary: metadata.tokenizer.ggml.tokens.length,
    contextSize,
    window: window > 0 && window < contextSize ? window : null,
    globalEvery: single(attention?.sliding_window_pattern, defaultGlobalEvery),
    isExact: tensorInfo.length > 0 && tensorInfo.every(({ ggmlType }) => ggmlType === GgmlType.F32)
  };
}

export function isGlobal({ window, globalEvery }: GemmaShape, layer: number): boolean {
  return window === null || layer % globalEvery === globalEvery - 1;
}

/** Other architectures give a number for every layer; Gemma 3 gives one. */
function single(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
