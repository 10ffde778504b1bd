/** Compares logits and greedy tokens with a file made by scripts/reference/logits.py, tiny_27b.py or lora.py. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { ModelParts } from "../src/chat/encode-images.js";
import { greedyTokens, promptOf, type Transcript } from "../src/chat/transcript.js";

export interface ReferenceCase extends Transcript {
  readonly name: string;
  readonly positions: readonly number[];
  readonly best: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly greedy: readonly number[];
  /** Of the adapter, in lora.py's file. */
  readonly scale?: number;
}

const fixtures = fileURLToPath(new URL("fixtures/", import.meta.url));
const films = `${fixtures}scenes/scenes.jsonl`;

/** Names with cases, for `it.each`. */
export function readReference(name: string): [string, ReferenceCase][] {
  const cases = JSON.parse(readFileSync(`${fixtures}reference/${name}`, "utf8")) as ReferenceCase[];
  return cases.map((entry) => [entry.name, entry]);
}

export async function expectReference(parts: ModelParts, reference: ReferenceCase, tolerance: number): Promise<void> {
  const { positions, best, logits, greedy } = reference;
  const { tokens: prompt } = await promptOf(parts, reference, films);
  const computed = await parts.language.readLogits(prompt);
  expect([...computed.keys()].sort((a, b) => a - b)).toEqual(positions);
  for (const [index, position] of positions.entries()) {
    const row = computed.get(position) ?? new Float32Array();
    expect(row.indexOf(Math.max(...row))).toBe(best[index]);
    for (const [nth, expected] of (logits[index] ?? []).entries()) {
      expect(Math.abs((row[5 + 37 * nth] ?? Number.NaN) - expected)).toBeLessThan(tolerance);
    }
  }
  expect(await greedyTokens(parts, prompt, greedy.length)).toEqual(greedy);
}
