import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelParts } from "../../src/chat/encode-images.js";
import { loadParts } from "../../src/chat/load.js";
import { greedyTokens, promptOf, type Transcript } from "../../src/chat/transcript.js";

interface Case extends Transcript {
  readonly name: string;
  readonly positions: readonly number[];
  readonly best: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly greedy: readonly number[];
}

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const cases = JSON.parse(readFileSync(`${fixtures}reference/logits.json`, "utf8")) as Case[];
const films = `${fixtures}scenes/scenes.jsonl`;

/** Measured: 3e-4 over 200 conversations; the fixtures are rounded to 1e-4. */
const tolerance = 1e-3;

describe("logits and greedy tokens are those of transformers", () => {
  let parts: ModelParts;
  beforeAll(async () => {
    ({ parts } = await loadParts("demo", { gpu: "off" }));
  });
  afterAll(async () => {
    await parts.vision?.dispose();
    await parts.language.dispose();
  });

  it.each(cases.map((entry) => [entry.name, entry] as const))("%s", async (_name, { positions, best, logits, greedy, ...transcript }) => {
    const { tokens: prompt } = await promptOf(parts, transcript, films);
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
  });
});
