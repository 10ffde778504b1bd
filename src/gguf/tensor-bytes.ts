/** Bytes of a tensor's weights. */
import { MedGemmaError } from "../errors.js";
import type { GgufTensor } from "./header.js";

/**
 * ggml's types by number: values in a block, and bytes of a block. From ggml.h (`enum ggml_type`) and ggml-common.h (the
 * `block_…` structures) of llama.cpp.
 */
const blocks: Readonly<Record<number, readonly [values: number, bytes: number]>> = {
  0: [1, 4], // F32
  1: [1, 2], // F16
  2: [32, 18], // Q4_0
  3: [32, 20], // Q4_1
  6: [32, 22], // Q5_0
  7: [32, 24], // Q5_1
  8: [32, 34], // Q8_0
  10: [256, 84], // Q2_K
  11: [256, 110], // Q3_K
  12: [256, 144], // Q4_K
  13: [256, 176], // Q5_K
  14: [256, 210], // Q6_K
  16: [256, 66], // IQ2_XXS
  17: [256, 74], // IQ2_XS
  18: [256, 98], // IQ3_XXS
  19: [256, 50], // IQ1_S
  20: [32, 18], // IQ4_NL
  21: [256, 110], // IQ3_S
  22: [256, 82], // IQ2_S
  23: [256, 136], // IQ4_XS
  29: [256, 56], // IQ1_M
  30: [1, 2], // BF16
  34: [256, 54], // TQ1_0
  35: [256, 66], // TQ2_0
  39: [32, 17] // MXFP4
};

/** @throws MedGemmaError MODEL_CORRUPT for a type that is not known here, or rows that are not whole blocks */
export function tensorBytes({ name, shape, type }: GgufTensor, path: string): number {
  const [values, bytes] = blocks[type] ?? [0, 0];
  const [width = 0] = shape;
  if (values === 0 || width % values !== 0) {
    throw new MedGemmaError(
      "MODEL_CORRUPT",
      `${path} cannot be rewritten: the tensor ${JSON.stringify(name.slice(0, 64))} has the weight type ${type} and rows of ${width}, which is not known here.`
    );
  }
  return (shape.reduce((product, size) => product * size, 1) / values) * bytes;
}
