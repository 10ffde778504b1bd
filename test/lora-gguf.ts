/** Writes LoRA adapters of random values, and the models that they make when they are added to the weights themselves. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { readGgufFileInfo } from "node-llama-cpp";
import { ggmlTypes, writeAdapter, type Fill } from "../scripts/gemma3-gguf.mjs";

export type AdapterKeys = Parameters<typeof writeAdapter>[1];

/** What one weight W of the model becomes: W + scale · alpha / rank · B · A. */
export interface RandomPair {
  /** Of the model's tensor. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  /** (rank, inputs) and (outputs, rank), row-major. */
  readonly a: Float32Array;
  readonly b: Float32Array;
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

async function tensorsOf(path: string): Promise<Tensor[]> {
  const { tensorInfo } = await readGgufFileInfo(path, { sourceType: "filesystem", logWarnings: false });
  return (tensorInfo ?? []).map(({ name, dimensions, fileOffset }) => ({
    name,
    shape: dimensions.map(Number),
    offset: Number(fileOffset)
  }));
}

/** Multiples of 1/1024 up to 1/8: BF16 and F16 hold them exactly. */
function randomValues(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => (Math.floor(random() * 256) - 128) / 1024);
}

/** A pair for every matrix inside the layers of a model. */
export async function randomPairs(model: string, rank: number, seed: number): Promise<RandomPair[]> {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return (await tensorsOf(model)).flatMap(({ name, shape: [inputs = 0, outputs] }) =>
    outputs === undefined || !name.startsWith("blk.")
      ? []
      : [
          {
            name,
            inputs,
            outputs,
            rank,
            a: randomValues(rank * inputs, random),
            b: randomValues(outputs * rank, random)
          }
        ]
  );
}

export const adapterKeys = (alpha: number): AdapterKeys => [
  ["general.architecture", "text", "gemma3"],
  ["general.type", "text", "adapter"],
  ["adapter.type", "text", "lora"],
  ["adapter.lora.alpha", "f32", alpha]
];

const toBytes = {
  F32: (values: Float32Array) => Buffer.from(values.buffer),
  BF16: (values: Float32Array) => upperHalves(values)
};

function upperHalves(values: Float32Array): Buffer {
  return Buffer.from(Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16).buffer);
}

export function writePairs(
  path: string,
  keys: AdapterKeys,
  pairs: readonly RandomPair[],
  type: "F32" | "BF16" = "F32"
): string {
  const values = new Map<string, Float32Array>(
    pairs.flatMap(({ name, a, b }) => [[`${name}.lora_a`, a] as const, [`${name}.lora_b`, b] as const])
  );
  const shapes = pairs.flatMap(({ name, inputs, outputs, rank }) => [
    [`${name}.lora_a`, [inputs, rank]] as const,
    [`${name}.lora_b`, [rank, outputs]] as const
  ]);
  const fill: Fill = (name) => ({ type, chunks: () => [toBytes[type](values.get(name) ?? new Float32Array())] });
  writeAdapter(path, keys, shapes, fill);
  return path;
}

/** An adapter of zeros with these tensors, for checks that need no values. */
export function writeZeros(
  path: string,
  keys: AdapterKeys,
  tensors: readonly (readonly [name: string, shape: readonly number[]])[]
): string {
  writeAdapter(path, keys, tensors, () => ({ type: "F32", chunks: (size) => [Buffer.alloc(size)] }));
  return path;
}

/** Copies a model in F32 and adds `factor` · B · A to its weights, summed in double precision and rounded once. */
export async function writeMerged(
  path: string,
  model: string,
  adapters: readonly { readonly pairs: readonly RandomPair[]; readonly factor: number }[]
): Promise<string> {
  copyFileSync(model, path);
  const file = readFileSync(path);
  for (const { name, shape, offset } of await tensorsOf(model)) {
    const [inputs = 0, outputs = 0] = shape;
    const changes = adapters.flatMap(({ pairs, factor }) =>
      pairs.filter((pair) => pair.name === name).map((pair) => ({ ...pair, factor }))
    );
    if (changes.length === 0) continue;
    for (let row = 0; row < outputs; row += 1) {
      for (let column = 0; column < inputs; column += 1) {
        const at = offset + (row * inputs + column) * ggmlTypes.F32.bytes;
        const sum = changes.reduce(
          (total, change) => total + change.factor * product(change, row, column),
          file.readFloatLE(at)
        );
        file.writeFloatLE(sum, at);
      }
    }
  }
  writeFileSync(path, file);
  return path;
}

/** (B · A)[row, column] */
function product({ a, b, inputs, rank }: RandomPair, row: number, column: number): number {
  let sum = 0;
  for (let inner = 0; inner < rank; inner += 1) sum += (b[row * rank + inner] ?? 0) * (a[inner * inputs + column] ?? 0);
  return sum;
}
