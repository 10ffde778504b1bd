/** The facts of a LoRA adapter for people: what it changes, how much, and in which model. */
import { GgmlType } from "../host/gguf.js";
import type { LoraAdapter, LoraWeight } from "./lora-adapter.js";

export interface LoraFacts {
  readonly path: string;
  readonly byteLength: number;
  readonly name: string | null;
  /** Distinct ranks, smallest first; mostly one. */
  readonly ranks: readonly number[];
  /** See `LoraAdapter`. */
  readonly alpha: number | null;
  /** Two for each weight that it changes. */
  readonly tensorCount: number;
  /** Type of the first tensor. */
  readonly weightType: string | null;
  /** Layers that it changes, counted from 0. */
  readonly changedLayers: readonly number[];
  /** Weights that it changes in at least one of them: attn_q, ffn_up, … */
  readonly changedWeights: readonly string[];
  /** Of the text models that it fits; null when no weight tells it. */
  readonly hiddenSize: number | null;
}

export function describeLora({ file, alpha, weights }: LoraAdapter): LoraFacts {
  const { path, byteLength, info } = file;
  const ascending = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b);
  const parts = weights.map(partOf);
  const [firstTensor] = info.tensorInfo ?? [];
  return {
    path,
    byteLength,
    name: info.metadata.general.name ?? null,
    ranks: ascending(weights.map(({ rank }) => rank)),
    alpha,
    tensorCount: 2 * weights.length,
    weightType: firstTensor === undefined ? null : GgmlType[firstTensor.ggmlType],
    changedLayers: ascending(parts.flatMap(({ layer }) => layer ?? [])),
    changedWeights: [...new Set(parts.map(({ part }) => part))].sort(),
    hiddenSize: weights.map(hiddenSizeOf).find((size) => size !== null) ?? null
  };
}

/** blk.12.attn_q.weight → layer 12, attn_q */
function partOf({ name }: LoraWeight): { readonly layer: number | null; readonly part: string } {
  const [, layer, part = name] = /^(?:blk\.(\d+)\.)?(.+?)(?:\.weight)?$/.exec(name) ?? [];
  return { layer: layer === undefined ? null : Number(layer), part };
}

function hiddenSizeOf(weight: LoraWeight): number | null {
  const { part } = partOf(weight);
  if (/^(attn_[qkv]|ffn_(gate|up)|output)$/.test(part)) return weight.inputs;
  return /^(attn_output|ffn_down)$/.test(part) ? weight.outputs : null;
}
