// Random GGUF pairs with the shapes of MedGemma 4B and 27B, to measure speed and memory with. They say nothing sensible.
//
//   node scripts/make-synthetic.mjs --out DIR [--size 4b|27b] [--projector F16,BF16,F32,Q8_0] [--layers N] [--no-text]
//
// Writes DIR/medgemma-synthetic-4b-Q4_K_M.gguf (2.5 GB; 27B 16.5 GB) and DIR/mmproj-synthetic-4b-<type>.gguf (0.45 to 1.7 GB).
// --layers makes the text model shorter.
import { randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readGgufFileInfo } from "node-llama-cpp";

// Sizes of google/medgemma-4b-it and google/medgemma-27b-it, config.json.
const models = {
  "4b": { layers: 34, hidden: 2560, heads: 8, kvHeads: 4, headSize: 256, ffn: 10240 },
  "27b": { layers: 62, hidden: 5376, heads: 32, kvHeads: 16, headSize: 128, ffn: 21504 }
};
const vocabularySize = 262_208;
const tower = { layers: 27, width: 1152, heads: 16, ffn: 4304, imageSize: 896, patchSize: 14 };

/** ggml's types: number, values a block, bytes a block, and what fills a block so that no value is NaN or huge. */
const types = {
  F32: { id: 0, values: 1, bytes: 4 },
  F16: { id: 1, values: 1, bytes: 2 },
  BF16: { id: 30, values: 1, bytes: 2 },
  Q8_0: { id: 8, values: 32, bytes: 34, halves: [[0, 0x0a00]] },
  Q4_K: { id: 12, values: 256, bytes: 144, halves: [[0, 0x0200], [2, 0x0100]] },
  Q6_K: { id: 14, values: 256, bytes: 210, halves: [[208, 0x0080]] }
};

/** Standard deviation of random weights in F32, F16 and BF16: near that of trained towers. */
const deviation = 0.02;

/** A pool of blocks that tensors are cut from: random enough, and made once. */
const pools = new Map();
function poolOf(name) {
  let pool = pools.get(name);
  if (pool !== undefined) return pool;
  const { bytes, halves } = types[name];
  const blocks = Math.floor(2 ** 25 / bytes);
  if (halves === undefined) {
    const normal = new Float32Array(blocks);
    for (let i = 0; i < blocks; i += 1) normal[i] = deviation * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    pool = Buffer.from(name === "F32" ? normal.buffer : Uint16Array.from(normal, name === "F16" ? toHalf : toBfloat).buffer);
  } else {
    pool = randomFillSync(Buffer.alloc(blocks * bytes));
    for (let at = 0; at < pool.length; at += bytes) for (const [offset, half] of halves) pool.writeUInt16LE(half, at + offset);
  }
  pools.set(name, pool);
  return pool;
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);
function toBfloat(value) {
  word[0] = value;
  return (bits[0] + 0x8000) >>> 16;
}
/** Normal numbers only; smaller ones become 0. */
function toHalf(value) {
  word[0] = value;
  const exponent = ((bits[0] >>> 23) & 0xff) - 112;
  return exponent < 1 ? 0 : ((bits[0] >>> 16) & 0x8000) | (exponent << 10) | ((bits[0] >>> 13) & 0x3ff);
}

class GgufWriter {
  #parts = [];
  #tensors = [];
  #keys = 0;

  #push(size, write) {
    const bytes = Buffer.alloc(size);
    write(bytes);
    this.#parts.push(bytes);
  }
  #u32(value) {
    this.#push(4, (bytes) => bytes.writeUInt32LE(value));
  }
  #u64(value) {
    this.#push(8, (bytes) => bytes.writeBigUInt64LE(BigInt(value)));
  }
  #text(value) {
    const bytes = Buffer.from(value);
    this.#u64(bytes.length);
    this.#parts.push(bytes);
  }
  #scalar(type, value) {
    if (type === "text") this.#text(value);
    else if (type === "f32") this.#push(4, (bytes) => bytes.writeFloatLE(value));
    else if (type === "bool") this.#push(1, (bytes) => bytes.writeUInt8(value ? 1 : 0));
    else if (type === "i32") this.#push(4, (bytes) => bytes.writeInt32LE(value));
    else this.#u32(value);
  }

  /** @param type u32, i32, f32, bool or text; a list becomes an array */
  key(name, type, value) {
    const ids = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8 };
    this.#keys += 1;
    this.#text(name);
    if (!Array.isArray(value)) {
      this.#u32(ids[type]);
      this.#scalar(type, value);
      return;
    }
    this.#u32(9);
    this.#u32(ids[type]);
    this.#u64(value.length);
    for (const item of value) this.#scalar(type, item);
  }

  /** @param shape ggml's order: the contiguous size first. @param constant Every value, for tensors of F32. */
  tensor(name, type, shape, constant) {
    this.#tensors.push({ name, type, shape, constant });
  }

  write(path) {
    const head = this.#parts;
    this.#parts = [];
    this.#parts.push(Buffer.from("GGUF"));
    this.#u32(3);
    this.#u64(this.#tensors.length);
    this.#u64(this.#keys);
    this.#parts = this.#parts.concat(head);
    const sizes = this.#tensors.map(({ type, shape }) => (shape.reduce((product, size) => product * size, 1) / types[type].values) * types[type].bytes);
    let offset = 0;
    for (const [index, { name, type, shape }] of this.#tensors.entries()) {
      this.#text(name);
      this.#u32(shape.length);
      for (const size of shape) this.#u64(size);
      this.#u32(types[type].id);
      this.#u64(offset);
      offset += Math.ceil(sizes[index] / 32) * 32;
    }
    const header = Buffer.concat(this.#parts);
    const file = openSync(path, "w");
    writeSync(file, header);
    writeSync(file, Buffer.alloc((32 - (header.length % 32)) % 32));
    for (const [index, tensor] of this.#tensors.entries()) writeTensor(file, tensor, sizes[index]);
    closeSync(file);
    console.log(path);
  }
}

function writeTensor(file, { type, constant }, size) {
  const padding = Buffer.alloc((32 - (size % 32)) % 32);
  if (constant !== undefined) {
    const values = new Float32Array(size / 4).fill(constant);
    writeSync(file, Buffer.concat([Buffer.from(values.buffer), padding]));
    return;
  }
  const pool = poolOf(type);
  const { bytes } = types[type];
  for (let left = size; left > 0; ) {
    const from = Math.floor((Math.random() * pool.length) / 4 / bytes) * bytes; // begin somewhere in the first quarter
    const count = Math.min(left, pool.length - from);
    writeSync(file, pool, from, count);
    left -= count;
  }
  writeSync(file, padding);
}

/** The demo model's vocabulary, special tokens included, filled up to the real size. */
async function vocabulary(file) {
  const demo = fileURLToPath(new URL("../models/demo/medgemma-demo-F32.gguf", import.meta.url));
  const { ggml, chat_template: template } = (await readGgufFileInfo(demo, { sourceType: "filesystem", logWarnings: false })).metadata.tokenizer;
  const fill = vocabularySize - ggml.tokens.length;
  file.key("tokenizer.chat_template", "text", template);
  file.key("tokenizer.ggml.model", "text", "llama");
  file.key("tokenizer.ggml.pre", "text", "default");
  file.key("tokenizer.ggml.tokens", "text", [...ggml.tokens, ...Array.from({ length: fill }, (_, index) => `▁filler${index}`)]);
  file.key("tokenizer.ggml.scores", "f32", [...ggml.scores, ...new Array(fill).fill(-1e6)]);
  file.key("tokenizer.ggml.token_type", "i32", [...ggml.token_type, ...new Array(fill).fill(1)]);
  for (const [name, id] of [["bos", 2], ["eos", 1], ["unknown", 3], ["padding", 0]]) file.key(`tokenizer.ggml.${name}_token_id`, "u32", id);
  file.key("tokenizer.ggml.add_bos_token", "bool", true);
  file.key("tokenizer.ggml.add_space_prefix", "bool", false);
}

async function writeText(path, { layers, hidden, heads, kvHeads, headSize, ffn }) {
  const file = new GgufWriter();
  const key = (name, type, value) => file.key(`gemma3.${name}`, type, value);
  file.key("general.architecture", "text", "gemma3");
  key("context_length", "u32", 131_072);
  key("embedding_length", "u32", hidden);
  key("block_count", "u32", layers);
  key("feed_forward_length", "u32", ffn);
  key("attention.head_count", "u32", heads);
  key("attention.head_count_kv", "u32", kvHeads);
  key("attention.key_length", "u32", headSize);
  key("attention.value_length", "u32", headSize);
  key("attention.layer_norm_rms_epsilon", "f32", 1e-6);
  key("attention.sliding_window", "u32", 1024);
  key("rope.freq_base", "f32", 1e6);
  key("rope.scaling.type", "text", "linear");
  key("rope.scaling.factor", "f32", 8);
  await vocabulary(file);

  file.tensor("token_embd.weight", "Q6_K", [hidden, vocabularySize]);
  file.tensor("output_norm.weight", "F32", [hidden], 1);
  for (let layer = 0; layer < layers; layer += 1) {
    const add = (part, type, shape, constant) => file.tensor(`blk.${layer}.${part}.weight`, type, shape, constant);
    // As llama-quantize's Q4_K_M: more bits for values and the way down, in the first and last eighth and every third layer between.
    const eighth = layers / 8;
    const better = layer < eighth || layer >= 7 * eighth || (layer - Math.floor(eighth)) % 3 === 2 ? "Q6_K" : "Q4_K";
    for (const part of ["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"]) add(part, "F32", [hidden], 1);
    for (const part of ["attn_q_norm", "attn_k_norm"]) add(part, "F32", [headSize], 1);
    add("attn_q", "Q4_K", [hidden, heads * headSize]);
    add("attn_k", "Q4_K", [hidden, kvHeads * headSize]);
    add("attn_v", better, [hidden, kvHeads * headSize]);
    add("attn_output", "Q4_K", [heads * headSize, hidden]);
    add("ffn_gate", "Q4_K", [hidden, ffn]);
    add("ffn_up", "Q4_K", [hidden, ffn]);
    add("ffn_down", better, [ffn, hidden]);
  }
  file.write(path);
}

function writeProjector(path, type, projection) {
  const { layers, width, heads, ffn, imageSize, patchSize } = tower;
  const file = new GgufWriter();
  const vision = (name, kind, value) => file.key(`clip.vision.${name}`, kind, value);
  file.key("general.architecture", "text", "clip");
  file.key("clip.has_vision_encoder", "bool", true);
  file.key("clip.projector_type", "text", "gemma3");
  file.key("clip.use_gelu", "bool", true);
  vision("image_size", "u32", imageSize);
  vision("patch_size", "u32", patchSize);
  vision("embedding_length", "u32", width);
  vision("feed_forward_length", "u32", ffn);
  vision("block_count", "u32", layers);
  vision("attention.head_count", "u32", heads);
  vision("attention.layer_norm_epsilon", "f32", 1e-6);
  vision("projection_dim", "u32", projection);
  vision("image_mean", "f32", [0.5, 0.5, 0.5]);
  vision("image_std", "f32", [0.5, 0.5, 0.5]);

  // As llama.cpp's converter: biases, norms and embeddings stay F32, the projection is F16 at most.
  const norm = (name) => {
    file.tensor(`${name}.weight`, "F32", [width], 1);
    file.tensor(`${name}.bias`, "F32", [width]);
  };
  const linear = (name, input, output) => {
    file.tensor(`${name}.weight`, type === "Q8_0" && input % 32 !== 0 ? "F16" : type, [input, output]);
    file.tensor(`${name}.bias`, "F32", [output]);
  };
  file.tensor("v.patch_embd.weight", "F32", [patchSize, patchSize, 3, width]);
  file.tensor("v.patch_embd.bias", "F32", [width]);
  file.tensor("v.position_embd.weight", "F32", [width, (imageSize / patchSize) ** 2]);
  for (let layer = 0; layer < layers; layer += 1) {
    norm(`v.blk.${layer}.ln1`);
    norm(`v.blk.${layer}.ln2`);
    for (const part of ["attn_q", "attn_k", "attn_v", "attn_out"]) linear(`v.blk.${layer}.${part}`, width, width);
    linear(`v.blk.${layer}.ffn_up`, width, ffn);
    linear(`v.blk.${layer}.ffn_down`, ffn, width);
  }
  norm("v.post_ln");
  file.tensor("mm.soft_emb_norm.weight", "F32", [width], 1);
  file.tensor("mm.input_projection.weight", type === "F32" ? "F32" : "F16", [projection, width]);
  file.write(path);
}

const { values: options } = parseArgs({
  options: {
    out: { type: "string" },
    size: { type: "string", default: "4b" },
    projector: { type: "string", default: "F16" },
    layers: { type: "string" },
    "no-text": { type: "boolean", default: false }
  }
});
const model = models[options.size];
const projectors = options.projector.split(",").filter((name) => name !== "");
if (options.out === undefined || model === undefined || projectors.some((name) => !["F16", "BF16", "F32", "Q8_0"].includes(name))) {
  throw new Error("Usage: make-synthetic.mjs --out DIR [--size 4b|27b] [--projector F16,BF16,F32,Q8_0] [--layers N] [--no-text]");
}
mkdirSync(options.out, { recursive: true });
for (const type of projectors) writeProjector(join(options.out, `mmproj-synthetic-${options.size}-${type}.gguf`), type, model.hidden);
if (!options["no-text"]) {
  const layers = options.layers === undefined ? model.layers : Number(options.layers);
  await writeText(join(options.out, `medgemma-synthetic-${options.size}-Q4_K_M.gguf`), { ...model, layers });
}
