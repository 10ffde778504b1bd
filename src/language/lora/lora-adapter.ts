/**
 * Reads a LoRA adapter (GGUF) and checks all that can be wrong with it by itself. For every weight W that it changes it
 * holds two thin matrices A and B: the model then computes with W + scale · alpha / rank · B · A. llama.cpp passes over some
 * parts that it cannot apply without a word, and asserts on others, so both are refused here.
 */
import { open } from "node:fs/promises";
import { GgmlType, type GgufTensorInfo } from "../host/gguf.js";
import { MedGemmaError } from "../../errors.js";
import type { Remedy } from "../../remedy.js";
import { readModelFile, type ModelFile } from "../model-file.js";

/** An adapter of `LoadOptions.lora` with the number that multiplies what it changes. */
export interface ScaledAdapter {
  readonly path: string;
  /** −10 to 10. */
  readonly scale: number;
}

/** What an adapter does to one weight of the model. */
export interface LoraWeight {
  /** Of the model's tensor. */
  readonly name: string;
  /** Shape of the model's tensor: values in, values out. */
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
}

export interface LoraAdapter {
  readonly file: ModelFile;
  /** PEFT's lora_alpha; null: not in the file, and llama.cpp takes alpha / rank as 1. */
  readonly alpha: number | null;
  readonly weights: readonly LoraWeight[];
}

/** What llama.cpp's converter writes. */
const weightTypes = new Set([GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0]);

/** Names of the image tower and of the projector, in GGUF and in transformers. */
const isVision = (name: string) => /^(v|mm)\.|vision_|multi_?modal_projector/.test(name);

const mergeInstead =
  "Merge the adapter into the model (merge_and_unload of PEFT), convert both parts again, and give the new projector as mmproj.";

/** @throws MedGemmaError MODEL_NOT_FOUND, FILE_UNUSABLE, MODEL_CORRUPT, MODEL_MISMATCH */
export async function readLoraAdapter(path: string): Promise<LoraAdapter> {
  return await parseLoraAdapter(await readModelFile(path));
}

/** @throws MedGemmaError MODEL_CORRUPT, MODEL_MISMATCH */
export async function parseLoraAdapter(file: ModelFile): Promise<LoraAdapter> {
  checkKind(file);
  return { file, alpha: await readAlpha(file), weights: readWeights(file) };
}

function checkKind({ path, type, architecture, info }: ModelFile): void {
  if (type !== "adapter") {
    const [what, option] =
      architecture === "clip"
        ? (["a projector (mmproj)", "mmproj"] as const)
        : ([`a ${architecture} model`, "model"] as const);
    throw mismatch(`${path} is ${what}, not a LoRA adapter. Give it as ${option}.`, { option });
  }
  const { adapter } = info.metadata as { readonly adapter?: { readonly type?: unknown; readonly alora?: unknown } };
  if (adapter?.type !== "lora")
    throw mismatch(`${path} is an adapter of type ${String(adapter?.type)}; expected lora.`);
  if (architecture !== "gemma3") {
    throw mismatch(
      `${path} is an adapter for a ${architecture} model; expected gemma3 (MedGemma). Use an adapter that was trained on this model.`
    );
  }
  if (adapter.alora !== undefined) {
    throw mismatch(
      `${path} is an activated LoRA, which works only after its own tokens (adapter.alora); expected one that is always active.`
    );
  }
}

/**
 * From the bytes of the header: llama.cpp ends the process when the value is no 32-bit float, and node-llama-cpp's reader
 * does not tell the type.
 */
async function readAlpha({ path, info }: ModelFile): Promise<number | null> {
  const header = Buffer.alloc(info.metadataSize);
  await using file = await open(path);
  await file.read(header, 0, header.length, 0);

  const name = Buffer.from("adapter.lora.alpha");
  const key = Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(name.length)).buffer), name]);
  const at = header.indexOf(key);
  if (at < 0) return null;
  const float32 = 6;
  const type = header.readUInt32LE(at + key.length);
  const alpha = type === float32 ? header.readFloatLE(at + key.length + 4) : Number.NaN;
  // A second place would be inside a text, where it could pass for the real one.
  if (!(alpha > 0 && alpha < Infinity) || header.includes(key, at + 1))
    throw damaged(path, `${name.toString()} is not a positive 32-bit number`);
  return alpha;
}

function readWeights({ path, info }: ModelFile): LoraWeight[] {
  const pairs = new Map<string, { a?: GgufTensorInfo; b?: GgufTensorInfo }>();
  for (const tensor of info.tensorInfo ?? []) {
    checkTensor(path, tensor);
    const name = tensor.name.slice(0, -".lora_a".length);
    const pair = pairs.get(name) ?? {};
    pairs.set(name, { ...pair, [tensor.name.endsWith("a") ? "a" : "b"]: tensor });
  }
  return [...pairs].map(([name, { a, b }]) => {
    if (a === undefined || b === undefined) throw damaged(path, `${quoted(name)} has only one of lora_a and lora_b`);
    const [inputs = 0, rank = 0] = a.dimensions.map(Number);
    const [otherRank, outputs = 0] = b.dimensions.map(Number);
    if (rank !== otherRank)
      throw damaged(path, `${quoted(name)} has rank ${rank} in lora_a, but ${String(otherRank)} in lora_b`);
    return { name, inputs, outputs, rank };
  });
}

function checkTensor(path: string, { name, dimensions, ggmlType }: GgufTensorInfo): void {
  if (isVision(name))
    throw mismatch(
      `The adapter ${path} changes the image tower (${quoted(name)}), but can be applied to the text model only. ${mergeInstead}`
    );
  if (!/\.lora_[ab]$/.test(name)) {
    throw mismatch(
      `The adapter ${path} holds ${quoted(name)}, which is not a lora_a or lora_b and cannot be applied. ${mergeInstead}`
    );
  }
  // Gemma's output layer has the same weights, and llama.cpp multiplies both with one pair of matrices: an assertion fails.
  // Merged, the pair would change the output layer too, which PEFT leaves as it is.
  if (name.startsWith("token_embd.")) {
    throw mismatch(
      `The adapter ${path} changes the token embeddings (${quoted(name)}), which Gemma's output layer shares. Train it without embed_tokens.`
    );
  }
  if (dimensions.length !== 2) throw damaged(path, `${quoted(name)} has ${dimensions.length} dimensions, not 2`);
  if (!weightTypes.has(ggmlType)) {
    const known = [...weightTypes].map((type) => GgmlType[type]).join(", ");
    throw mismatch(
      `The adapter ${path} has weights of type ${GgmlType[ggmlType]}; expected one of ${known}. Convert it again.`
    );
  }
}

/** A name from a file as it may stand in a message. */
function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}

function mismatch(message: string, remedy: Remedy | null = null): MedGemmaError {
  return new MedGemmaError("MODEL_MISMATCH", message, { remedy });
}

function damaged(path: string, what: string): MedGemmaError {
  return new MedGemmaError("MODEL_CORRUPT", `The adapter ${path} is damaged: ${what}. Convert or copy it again.`);
}
