export type GgmlTypeName = "F32" | "F16" | "Q8_0" | "Q4_K" | "Q6_K" | "BF16";

/** ggml's types: number, values a block, bytes a block. */
export const ggmlTypes: Readonly<
  Record<GgmlTypeName, { readonly id: number; readonly values: number; readonly bytes: number }>
>;

/** What is in a tensor: its type, and its `size` bytes in any number of pieces. `shape`: the contiguous size first. */
export type Fill = (
  name: string,
  shape: readonly number[]
) => { readonly type: GgmlTypeName; readonly chunks: (size: number) => Iterable<Uint8Array> };

export interface TextSizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly ffn: number;
  /** Tokens that a local layer looks back. */
  readonly window: number;
  /** Tokens. */
  readonly contextSize: number;
}

export interface Tokenizer {
  readonly tokens: readonly string[];
  readonly scores: readonly number[];
  readonly types: readonly number[];
  readonly chatTemplate?: string | undefined;
}

export interface ProjectorSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly ffn: number;
  /** Pixels, as `patchSize`. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** Patches along one side that become one token. */
  readonly poolSize: number;
  /** Hidden size of the text model. */
  readonly projection: number;
}

export function writeText(path: string, sizes: TextSizes, tokenizer: Tokenizer, fill: Fill): void;
export function writeProjector(path: string, sizes: ProjectorSizes, fill: Fill): void;
/** A file of nothing but these keys and tensors, in this order. */
export function writeAdapter(
  path: string,
  keys: readonly (readonly [name: string, type: "text" | "f32" | "u32", value: string | number | readonly number[]])[],
  tensors: Iterable<readonly [name: string, shape: readonly number[]]>,
  fill: Fill
): void;
