// Writes GGUF pairs of Gemma 3 with the keys and tensors of the published files, and adapters, with values of the caller's:
// random ones for benchmarks (make-synthetic.mjs) and tests (test/tiny-gguf.ts, test/lora-gguf.ts). Types are in gemma3-gguf.d.mts.
import { closeSync, openSync, writeSync } from "node:fs";

/** ggml's types: number, values a block, bytes a block. */
export const ggmlTypes = {
  F32: { id: 0, values: 1, bytes: 4 },
  F16: { id: 1, values: 1, bytes: 2 },
  Q8_0: { id: 8, values: 32, bytes: 34 },
  Q4_K: { id: 12, values: 256, bytes: 144 },
  Q6_K: { id: 14, values: 256, bytes: 210 },
  BF16: { id: 30, values: 1, bytes: 2 }
};

const alignment = 32;
const paddingOf = (length) => Buffer.alloc((alignment - (length % alignment)) % alignment);

/** Little-endian pieces of a file's header. */
class Header {
  #parts = [];

  #push(size, write) {
    const bytes = Buffer.alloc(size);
    write(bytes);
    this.#parts.push(bytes);
  }
  bytes(bytes) {
    this.#parts.push(bytes);
  }
  u32(value) {
    this.#push(4, (bytes) => bytes.writeUInt32LE(value));
  }
  u64(value) {
    this.#push(8, (bytes) => bytes.writeBigUInt64LE(BigInt(value)));
  }
  text(value) {
    const bytes = Buffer.from(value);
    this.u64(bytes.length);
    this.bytes(bytes);
  }
  scalar(type, value) {
    if (type === "text") this.text(value);
    else if (type === "f32") this.#push(4, (bytes) => bytes.writeFloatLE(value));
    else if (type === "bool") this.#push(1, (bytes) => bytes.writeUInt8(value ? 1 : 0));
    else if (type === "i32") this.#push(4, (bytes) => bytes.writeInt32LE(value));
    else this.u32(value);
  }
  whole() {
    return Buffer.concat(this.#parts);
  }
}

class GgufFile {
  #keys = new Header();
  #keyCount = 0;
  #tensors = [];
  #fill;

  constructor(fill) {
    this.#fill = fill;
  }

  /** A list becomes an array. */
  key(name, type, value) {
    const ids = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8 };
    const list = Array.isArray(value);
    this.#keyCount += 1;
    this.#keys.text(name);
    if (list) {
      this.#keys.u32(9);
      this.#keys.u32(ids[type]);
      this.#keys.u64(value.length);
    } else {
      this.#keys.u32(ids[type]);
    }
    for (const item of list ? value : [value]) this.#keys.scalar(type, item);
  }

  /** @param shape ggml's order: the contiguous size first. */
  tensor(name, shape) {
    const { type, chunks } = this.#fill(name, shape);
    const { values, bytes } = ggmlTypes[type];
    const size = (shape.reduce((product, length) => product * length, 1) / values) * bytes;
    this.#tensors.push({ name, shape, type, size, chunks });
  }

  write(path) {
    const head = new Header();
    head.bytes(Buffer.from("GGUF"));
    head.u32(3);
    head.u64(this.#tensors.length);
    head.u64(this.#keyCount);
    head.bytes(this.#keys.whole());
    let offset = 0;
    for (const { name, shape, type, size } of this.#tensors) {
      head.text(name);
      head.u32(shape.length);
      for (const length of shape) head.u64(length);
      head.u32(ggmlTypes[type].id);
      head.u64(offset);
      offset += size + paddingOf(size).length;
    }
    const header = head.whole();
    const file = openSync(path, "w");
    try {
      writeSync(file, header);
      writeSync(file, paddingOf(header.length));
      for (const { name, size, chunks } of this.#tensors) {
        let written = 0;
        for (const chunk of chunks(size)) written += writeSync(file, chunk);
        if (written !== size) throw new Error(`${name} has ${size} bytes, but ${written} were written.`);
        writeSync(file, paddingOf(size));
      }
    } finally {
      closeSync(file);
    }
  }
}

export function writeText(path, sizes, tokenizer, fill) {
  const { layers, hidden, heads, kvHeads, headSize, ffn, window, contextSize } = sizes;
  const file = new GgufFile(fill);
  const key = (name, type, value) => file.key(`gemma3.${name}`, type, value);
  file.key("general.architecture", "text", "gemma3");
  key("context_length", "u32", contextSize);
  key("embedding_length", "u32", hidden);
  key("block_count", "u32", layers);
  key("feed_forward_length", "u32", ffn);
  key("attention.head_count", "u32", heads);
  key("attention.head_count_kv", "u32", kvHeads);
  key("attention.key_length", "u32", headSize);
  key("attention.value_length", "u32", headSize);
  key("attention.layer_norm_rms_epsilon", "f32", 1e-6);
  key("attention.sliding_window", "u32", window);
  key("rope.freq_base", "f32", 1e6);
  key("rope.scaling.type", "text", "linear");
  key("rope.scaling.factor", "f32", 8);

  if (tokenizer.chatTemplate !== undefined) file.key("tokenizer.chat_template", "text", tokenizer.chatTemplate);
  file.key("tokenizer.ggml.model", "text", "llama");
  file.key("tokenizer.ggml.pre", "text", "default");
  file.key("tokenizer.ggml.tokens", "text", tokenizer.tokens);
  file.key("tokenizer.ggml.scores", "f32", tokenizer.scores);
  file.key("tokenizer.ggml.token_type", "i32", tokenizer.types);
  for (const [name, id] of Object.entries({ bos: 2, eos: 1, unknown: 3, padding: 0 }))
    file.key(`tokenizer.ggml.${name}_token_id`, "u32", id);
  file.key("tokenizer.ggml.add_bos_token", "bool", true);
  file.key("tokenizer.ggml.add_space_prefix", "bool", false);

  file.tensor("token_embd.weight", [hidden, tokenizer.tokens.length]);
  file.tensor("output_norm.weight", [hidden]);
  for (let layer = 0; layer < layers; layer += 1) {
    const add = (part, ...shape) => file.tensor(`blk.${layer}.${part}.weight`, shape);
    for (const part of ["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"]) add(part, hidden);
    for (const part of ["attn_q_norm", "attn_k_norm"]) add(part, headSize);
    add("attn_q", hidden, heads * headSize);
    add("attn_k", hidden, kvHeads * headSize);
    add("attn_v", hidden, kvHeads * headSize);
    add("attn_output", heads * headSize, hidden);
    add("ffn_gate", hidden, ffn);
    add("ffn_up", hidden, ffn);
    add("ffn_down", ffn, hidden);
  }
  file.write(path);
}

export function writeAdapter(path, keys, tensors, fill) {
  const file = new GgufFile(fill);
  for (const [name, type, value] of keys) file.key(name, type, value);
  for (const [name, shape] of tensors) file.tensor(name, shape);
  file.write(path);
}

export function writeProjector(path, sizes, fill) {
  const { layers, width, heads, ffn, imageSize, patchSize, poolSize, projection } = sizes;
  const file = new GgufFile(fill);
  const key = (name, type, value) => file.key(`clip.vision.${name}`, type, value);
  file.key("general.architecture", "text", "clip");
  file.key("clip.has_vision_encoder", "bool", true);
  file.key("clip.projector_type", "text", "gemma3");
  file.key("clip.use_gelu", "bool", true);
  key("image_size", "u32", imageSize);
  key("patch_size", "u32", patchSize);
  key("embedding_length", "u32", width);
  key("feed_forward_length", "u32", ffn);
  key("block_count", "u32", layers);
  key("attention.head_count", "u32", heads);
  key("attention.layer_norm_epsilon", "f32", 1e-6);
  key("projection_dim", "u32", projection);
  key("projector.scale_factor", "u32", poolSize);
  key("image_mean", "f32", [0.5, 0.5, 0.5]);
  key("image_std", "f32", [0.5, 0.5, 0.5]);

  const norm = (name) => {
    file.tensor(`${name}.weight`, [width]);
    file.tensor(`${name}.bias`, [width]);
  };
  const linear = (name, input, output) => {
    file.tensor(`${name}.weight`, [input, output]);
    file.tensor(`${name}.bias`, [output]);
  };
  file.tensor("v.patch_embd.weight", [patchSize, patchSize, 3, width]);
  file.tensor("v.patch_embd.bias", [width]);
  file.tensor("v.position_embd.weight", [width, (imageSize / patchSize) ** 2]);
  for (let layer = 0; layer < layers; layer += 1) {
    norm(`v.blk.${layer}.ln1`);
    norm(`v.blk.${layer}.ln2`);
    for (const part of ["attn_q", "attn_k", "attn_v", "attn_out"]) linear(`v.blk.${layer}.${part}`, width, width);
    linear(`v.blk.${layer}.ffn_up`, width, ffn);
    linear(`v.blk.${layer}.ffn_down`, ffn, width);
  }
  norm("v.post_ln");
  file.tensor("mm.soft_emb_norm.weight", [width]);
  file.tensor("mm.input_projection.weight", [projection, width]);
  file.write(path);
}
