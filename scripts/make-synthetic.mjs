// Random GGUF pairs with the shapes of MedGemma 4B and 27B, to measure speed and memory with. They say nothing sensible.
//
//   node scripts/make-synthetic.mjs --out DIR [--size 4b|27b] [--projector F16,BF16,F32,Q8_0] [--layers N] [--no-text]
//
// Writes DIR/medgemma-synthetic-4b-Q4_K_M.gguf (2.5 GB; 27B 16.5 GB) and DIR/mmproj-synthetic-4b-<type>.gguf (0.6 to 1.7 GB).
// --layers makes the text model shorter.
import { randomFillSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readGgufFileInfo } from "node-llama-cpp";
import { ggmlTypes, writeProjector, writeText } from "./gemma3-gguf.mjs";

// Sizes of google/medgemma-4b-it and google/medgemma-27b-it, config.json.
const common = { window: 1024, contextSize: 131_072 };
const models = {
  "4b": { ...common, layers: 34, hidden: 2560, heads: 8, kvHeads: 4, headSize: 256, ffn: 10240 },
  "27b": { ...common, layers: 62, hidden: 5376, heads: 32, kvHeads: 16, headSize: 128, ffn: 21504 }
};
const vocabularySize = 262_208;
const tower = { layers: 27, width: 1152, heads: 16, ffn: 4304, imageSize: 896, patchSize: 14, poolSize: 4 };

/** What fills a block besides random bits, so that no value is NaN or huge: scales in F16, at an offset. */
const scales = {
  Q8_0: [[0, 0x0a00]],
  Q4_K: [
    [0, 0x0200],
    [2, 0x0100]
  ],
  Q6_K: [[208, 0x0080]]
};

/** Standard deviation of random weights in F32, F16 and BF16: near that of trained towers. */
const deviation = 0.02;

/** A pool of blocks that tensors are cut from: random enough, and made once. */
const pools = new Map();
function poolOf(type) {
  let pool = pools.get(type);
  if (pool !== undefined) return pool;
  const { bytes } = ggmlTypes[type];
  const blocks = Math.floor(2 ** 25 / bytes);
  if (scales[type] === undefined) {
    const normal = new Float32Array(blocks);
    for (let i = 0; i < blocks; i += 1)
      normal[i] = deviation * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    pool = Buffer.from(
      type === "F32" ? normal.buffer : Uint16Array.from(normal, type === "F16" ? toHalf : toBfloat).buffer
    );
  } else {
    pool = randomFillSync(Buffer.alloc(blocks * bytes));
    for (let at = 0; at < pool.length; at += bytes)
      for (const [offset, half] of scales[type]) pool.writeUInt16LE(half, at + offset);
  }
  pools.set(type, pool);
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

function random(type) {
  return {
    type,
    *chunks(size) {
      const pool = poolOf(type);
      const { bytes } = ggmlTypes[type];
      for (let left = size; left > 0;) {
        const from = Math.floor((Math.random() * pool.length) / 4 / bytes) * bytes; // begin somewhere in the first quarter
        const count = Math.min(left, pool.length - from);
        yield pool.subarray(from, from + count);
        left -= count;
      }
    }
  };
}

const ones = { type: "F32", chunks: (size) => [Buffer.from(new Float32Array(size / 4).fill(1).buffer)] };

/** As llama-quantize's Q4_K_M: more bits for values and the way down, in the first and last eighth and every third layer between. */
function fillText(layers) {
  const eighth = layers / 8;
  const isBetter = (layer) => layer < eighth || layer >= 7 * eighth || (layer - Math.floor(eighth)) % 3 === 2;
  return (name) => {
    if (name.endsWith("norm.weight")) return ones;
    if (name === "token_embd.weight") return random("Q6_K");
    const [, layer, part] = /^blk\.(\d+)\.(\w+)/.exec(name);
    return random((part === "attn_v" || part === "ffn_down") && isBetter(Number(layer)) ? "Q6_K" : "Q4_K");
  };
}

/** As llama.cpp's converter: biases, norms and embeddings stay F32, the projection is F16 at most, and so are rows that fill no blocks. */
function fillProjector(type) {
  return (name, [input]) => {
    if (/(?:ln1|ln2|post_ln|norm)\.weight$/.test(name)) return ones;
    if (name.endsWith(".bias") || name.includes("_embd.")) return random("F32");
    if (name === "mm.input_projection.weight") return random(type === "F32" ? "F32" : "F16");
    return random(input % ggmlTypes[type].values === 0 ? type : "F16");
  };
}

/** The demo model's vocabulary, special tokens included, filled up to the real size. */
async function tokenizer() {
  const demo = fileURLToPath(new URL("../models/demo/medgemma-demo-F32.gguf", import.meta.url));
  const { ggml, chat_template: chatTemplate } = (
    await readGgufFileInfo(demo, { sourceType: "filesystem", logWarnings: false })
  ).metadata.tokenizer;
  const fill = vocabularySize - ggml.tokens.length;
  return {
    chatTemplate,
    tokens: [...ggml.tokens, ...Array.from({ length: fill }, (_, index) => `▁filler${index}`)],
    scores: [...ggml.scores, ...new Array(fill).fill(-1e6)],
    types: [...ggml.token_type, ...new Array(fill).fill(1)]
  };
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
if (
  options.out === undefined ||
  model === undefined ||
  projectors.some((name) => !["F16", "BF16", "F32", "Q8_0"].includes(name))
) {
  throw new Error(
    "Usage: make-synthetic.mjs --out DIR [--size 4b|27b] [--projector F16,BF16,F32,Q8_0] [--layers N] [--no-text]"
  );
}
mkdirSync(options.out, { recursive: true });
for (const type of projectors) {
  const path = join(options.out, `mmproj-synthetic-${options.size}-${type}.gguf`);
  writeProjector(path, { ...tower, projection: model.hidden }, fillProjector(type));
  console.log(path);
}
if (!options["no-text"]) {
  const layers = options.layers === undefined ? model.layers : Number(options.layers);
  const path = join(options.out, `medgemma-synthetic-${options.size}-Q4_K_M.gguf`);
  writeText(path, { ...model, layers }, await tokenizer(), fillText(layers));
  console.log(path);
}
