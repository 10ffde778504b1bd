/** Writes small GGUF pairs of random weights with the shapes and keys of published models, for tests. */
import { readGgufFileInfo } from "node-llama-cpp";
import { writeProjector, writeText, type Fill } from "../scripts/gemma3-gguf.mjs";
import { demoText } from "./demo-model.js";

/** The numbers of scripts/reference/noise.py and native/test/noise.h, seeded by the tensor's name. */
function randomValues(name: string, count: number, offset: number): Float32Array {
  let state = 1;
  for (const byte of Buffer.from(name)) state = (Math.imul(state, 31) + byte) >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  return Float32Array.from({ length: count }, () => {
    const high = next();
    return offset + Math.fround(Math.fround(Math.fround((high * 256 + next()) / 65535) - 0.5) * Math.fround(0.2));
  });
}

/** @param offset What is added to the noise of a tensor. */
const noise =
  (offset: (name: string) => number): Fill =>
  (name) => ({ type: "F32", chunks: (size) => [Buffer.from(randomValues(name, size / 4, offset(name)).buffer)] });

/** The ratios of the 27B: 62 layers, hidden / heads 21 : head size 16 (as 168 : 128), twice as many heads as key-value heads. */
export const tiny27b = {
  layers: 62,
  hidden: 42,
  heads: 2,
  kvHeads: 1,
  headSize: 16,
  ffn: 168,
  window: 32,
  contextSize: 4096
};

/** A text model with the demo model's vocabulary. @param shape Default: the ratios of the 27B. */
export async function writeTinyText(path: string, shape = tiny27b): Promise<void> {
  const { tokenizer } = (await readGgufFileInfo(demoText, { sourceType: "filesystem", logWarnings: false })).metadata;
  const {
    tokens,
    scores,
    token_type: types
  } = tokenizer.ggml as unknown as { tokens: string[]; scores: number[]; token_type: number[] };
  // A file stores 1 + weight of Gemma's norms.
  writeText(
    path,
    shape,
    { tokens, scores, types },
    noise((name) => (name.endsWith("norm.weight") ? 1 : 0))
  );
}

/** A tower for pictures of 28 pixels, one token each, as wide as the text model. */
export function writeTinyProjector(path: string, projection: number): void {
  const sizes = { layers: 2, width: 288, heads: 4, ffn: 320, imageSize: 28, patchSize: 14, poolSize: 2, projection };
  writeProjector(
    path,
    sizes,
    noise(() => 0)
  );
}

/** A tower that gives 256 tokens for a picture, as MedGemma's does. */
export function writeProjectorOf256Tokens(path: string, projection: number): void {
  const sizes = { layers: 1, width: 72, heads: 1, ffn: 72, imageSize: 224, patchSize: 14, poolSize: 1, projection };
  writeProjector(
    path,
    sizes,
    noise(() => 0)
  );
}
