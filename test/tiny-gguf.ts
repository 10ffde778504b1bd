/** Writes small GGUF pairs of random weights with the shapes and keys of published models, for tests. */
import { writeFileSync } from "node:fs";
import { readGgufFileInfo } from "node-llama-cpp";
import { demoText } from "./demo-model.js";

type Value = { readonly u32: number } | { readonly f32: number } | { readonly bool: boolean } | { readonly text: string } | { readonly f32s: readonly number[] } | { readonly i32s: readonly number[] } | { readonly texts: readonly string[] };

interface Tensor {
  readonly name: string;
  /** ggml order: the contiguous size first. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The numbers of scripts/reference/noise.py and native/test/noise.h, seeded by the tensor's name. */
function randomValues(name: string, count: number, scale = 1, offset = 0): Float32Array {
  let state = 1;
  for (const byte of Buffer.from(name)) state = (Math.imul(state, 31) + byte) >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  return Float32Array.from({ length: count }, () => {
    const high = next();
    return offset + scale * Math.fround(Math.fround(Math.fround((high * 256 + next()) / 65535) - 0.5) * Math.fround(0.2));
  });
}

const tensor = (name: string, shape: readonly number[], scale?: number, offset?: number): Tensor => ({
  name,
  shape,
  values: randomValues(name, shape.reduce((product, size) => product * size, 1), scale, offset)
});

class Bytes {
  readonly #parts: Buffer[] = [];
  length = 0;

  raw(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
  u32(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.raw(bytes);
  }
  u64(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.raw(bytes);
  }
  f32(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.raw(bytes);
  }
  text(value: string): void {
    const bytes = Buffer.from(value);
    this.u64(bytes.length);
    this.raw(bytes);
  }
  align(): void {
    this.raw(Buffer.alloc((32 - (this.length % 32)) % 32));
  }
  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** The numbers of value types in the GGUF specification. */
const types = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 };

function writeValue(out: Bytes, value: Value): void {
  const list = <Item>(type: number, items: readonly Item[], write: (item: Item) => void) => {
    out.u32(types.array);
    out.u32(type);
    out.u64(items.length);
    for (const item of items) write(item);
  };
  if ("f32s" in value) list(types.f32, value.f32s, (item) => out.f32(item));
  else if ("i32s" in value) list(types.i32, value.i32s, (item) => out.u32(item));
  else if ("texts" in value) list(types.text, value.texts, (item) => out.text(item));
  else if ("u32" in value) {
    out.u32(types.u32);
    out.u32(value.u32);
  } else if ("f32" in value) {
    out.u32(types.f32);
    out.f32(value.f32);
  } else if ("bool" in value) {
    out.u32(types.bool);
    out.raw(Buffer.from([value.bool ? 1 : 0]));
  } else {
    out.u32(types.text);
    out.text(value.text);
  }
}

function writeGguf(path: string, keys: Readonly<Record<string, Value>>, tensors: readonly Tensor[]): void {
  const out = new Bytes();
  const weights = new Bytes();
  out.raw(Buffer.from("GGUF"));
  out.u32(3);
  out.u64(tensors.length);
  out.u64(Object.keys(keys).length);
  for (const [key, value] of Object.entries(keys)) {
    out.text(key);
    writeValue(out, value);
  }
  for (const { name, shape, values } of tensors) {
    weights.align();
    out.text(name);
    out.u32(shape.length);
    for (const size of shape) out.u64(size);
    out.u32(0); // F32
    out.u64(weights.length);
    weights.raw(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  }
  out.align();
  writeFileSync(path, Buffer.concat([out.whole(), weights.whole()]));
}

/** The ratios of the 27B: 62 layers, hidden / heads 21 : head size 16 (as 168 : 128), twice as many heads as key-value heads. */
export const tiny27b = { layers: 62, hidden: 42, heads: 2, kvHeads: 1, headSize: 16, ffn: 168, window: 32 };

/** A text model with the demo model's vocabulary. */
export async function writeTinyText(path: string, sizes = tiny27b): Promise<void> {
  const { layers, hidden, heads, kvHeads, headSize, ffn, window } = sizes;
  const { tokenizer } = (await readGgufFileInfo(demoText, { sourceType: "filesystem", logWarnings: false })).metadata;
  const { tokens, scores, token_type: tokenTypes } = tokenizer.ggml as unknown as { tokens: string[]; scores: number[]; token_type: number[] };
  const keys: Record<string, Value> = {
    "general.architecture": { text: "gemma3" },
    "gemma3.context_length": { u32: 4096 },
    "gemma3.embedding_length": { u32: hidden },
    "gemma3.block_count": { u32: layers },
    "gemma3.feed_forward_length": { u32: ffn },
    "gemma3.attention.head_count": { u32: heads },
    "gemma3.attention.head_count_kv": { u32: kvHeads },
    "gemma3.attention.key_length": { u32: headSize },
    "gemma3.attention.value_length": { u32: headSize },
    "gemma3.attention.layer_norm_rms_epsilon": { f32: 1e-6 },
    "gemma3.attention.sliding_window": { u32: window },
    "gemma3.rope.freq_base": { f32: 1e6 },
    "gemma3.rope.scaling.type": { text: "linear" },
    "gemma3.rope.scaling.factor": { f32: 8 },
    "tokenizer.ggml.model": { text: "llama" },
    "tokenizer.ggml.pre": { text: "default" },
    "tokenizer.ggml.tokens": { texts: tokens },
    "tokenizer.ggml.scores": { f32s: scores },
    "tokenizer.ggml.token_type": { i32s: tokenTypes },
    "tokenizer.ggml.bos_token_id": { u32: 2 },
    "tokenizer.ggml.eos_token_id": { u32: 1 },
    "tokenizer.ggml.unknown_token_id": { u32: 3 },
    "tokenizer.ggml.padding_token_id": { u32: 0 },
    "tokenizer.ggml.add_bos_token": { bool: true },
    "tokenizer.ggml.add_space_prefix": { bool: false }
  };
  const norm = (name: string, width: number) => tensor(`${name}.weight`, [width], 1, 1);
  const tensors = [tensor("token_embd.weight", [hidden, tokens.length]), norm("output_norm", hidden)];
  for (let layer = 0; layer < layers; layer += 1) {
    const name = (part: string) => `blk.${layer}.${part}`;
    for (const part of ["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"]) tensors.push(norm(name(part), hidden));
    for (const part of ["attn_q_norm", "attn_k_norm"]) tensors.push(norm(name(part), headSize));
    const matrices: Record<string, [number, number]> = {
      attn_q: [hidden, heads * headSize],
      attn_k: [hidden, kvHeads * headSize],
      attn_v: [hidden, kvHeads * headSize],
      attn_output: [heads * headSize, hidden],
      ffn_gate: [hidden, ffn],
      ffn_up: [hidden, ffn],
      ffn_down: [ffn, hidden]
    };
    for (const [part, shape] of Object.entries(matrices)) tensors.push(tensor(name(`${part}.weight`), shape));
  }
  writeGguf(path, keys, tensors);
}

/** A tower for pictures of 28 pixels, one token each, as wide as the text model. */
export function writeTinyProjector(path: string, projection: number): void {
  const [width, ffn] = [288, 320];
  const linear = (name: string, input: number, output: number) => [tensor(`${name}.weight`, [input, output]), tensor(`${name}.bias`, [output])];
  const norm = (name: string) => [tensor(`${name}.weight`, [width]), tensor(`${name}.bias`, [width])];
  const layers = [0, 1].flatMap((layer) => [
    ...norm(`v.blk.${layer}.ln1`),
    ...norm(`v.blk.${layer}.ln2`),
    ...["attn_q", "attn_k", "attn_v", "attn_out"].flatMap((part) => linear(`v.blk.${layer}.${part}`, width, width)),
    ...linear(`v.blk.${layer}.ffn_up`, width, ffn),
    ...linear(`v.blk.${layer}.ffn_down`, ffn, width)
  ]);
  const keys: Record<string, Value> = {
    "general.architecture": { text: "clip" },
    "clip.has_vision_encoder": { bool: true },
    "clip.projector_type": { text: "gemma3" },
    "clip.use_gelu": { bool: true },
    "clip.vision.image_size": { u32: 28 },
    "clip.vision.patch_size": { u32: 14 },
    "clip.vision.embedding_length": { u32: width },
    "clip.vision.feed_forward_length": { u32: ffn },
    "clip.vision.block_count": { u32: 2 },
    "clip.vision.attention.head_count": { u32: 4 },
    "clip.vision.attention.layer_norm_epsilon": { f32: 1e-6 },
    "clip.vision.projection_dim": { u32: projection },
    "clip.vision.projector.scale_factor": { u32: 2 },
    "clip.vision.image_mean": { f32s: [0.5, 0.5, 0.5] },
    "clip.vision.image_std": { f32s: [0.5, 0.5, 0.5] }
  };
  writeGguf(path, keys, [
    tensor("v.patch_embd.weight", [14, 14, 3, width]),
    tensor("v.patch_embd.bias", [width]),
    tensor("v.position_embd.weight", [width, 4]),
    ...layers,
    ...norm("v.post_ln"),
    tensor("mm.soft_emb_norm.weight", [width]),
    tensor("mm.input_projection.weight", [projection, width])
  ]);
}
