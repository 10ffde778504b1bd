import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelParts } from "../../../src/chat/encode-images.js";
import { loadParts } from "../../../src/loading/load.js";
import { promptOf, type Transcript } from "../../../src/chat/transcript.js";
import { loadMedGemma, type LoadOptions, type ModelSource } from "../../../src/index.js";
import { after, before, demoProjector, demoText, film } from "../../demo-model.js";
import { adapterKeys, randomPairs, writeMerged, writePairs, type RandomPair } from "../../lora-gguf.js";
import { writeTinyText } from "../../tiny-gguf.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-lora-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

type Lora = NonNullable<LoadOptions["lora"]>;

const here = fileURLToPath(import.meta.url);
const talk = (...user: Transcript["turns"][number]["user"]): Transcript => ({
  system: null,
  turns: [{ user, model: null }]
});
const question = talk("Is there a bright circle?");
const aboutFilm = talk({ image: film }, "Describe the image.");

async function dispose(parts: ModelParts): Promise<void> {
  await parts.vision?.dispose();
  await parts.language.dispose();
}

/** The logits at every position of a prompt. */
async function logitsOf(model: ModelSource, transcript: Transcript, lora: Lora = []): Promise<Float32Array> {
  const { parts } = await loadParts(model, { gpu: "off", lora });
  try {
    const { tokens } = await promptOf(parts, transcript, here);
    const rows = await parts.language.readLogits(tokens);
    return Float32Array.from([...rows].sort(([a], [b]) => a - b).flatMap(([, row]) => [...row]));
  } finally {
    await dispose(parts);
  }
}

/** Largest difference, as a share of the largest value. */
function difference(found: Float32Array, expected: Float32Array): number {
  expect(found).toHaveLength(expected.length);
  const largest = (value: (index: number) => number) =>
    expected.reduce((most, _, index) => Math.max(most, Math.abs(value(index))), 0);
  return (
    largest((index) => (found[index] ?? Number.NaN) - (expected[index] ?? 0)) / largest((index) => expected[index] ?? 0)
  );
}

const demo = { model: demoText, mmproj: demoProjector };
let first: RandomPair[];
let second: RandomPair[];
beforeAll(async () => {
  first = await randomPairs(demoText, 4, 1);
  second = await randomPairs(demoText, 8, 2);
  writePairs(at("first.gguf"), adapterKeys(8), first);
  writePairs(at("second.gguf"), adapterKeys(16), second.slice(0, 20));
});

describe("a model under adapters computes what the model with W + scale · alpha / rank · B · A computes", () => {
  const cases: [string, () => Lora, () => Parameters<typeof writeMerged>[2]][] = [
    ["scale 1, by default", () => [{ path: at("first.gguf") }], () => [{ pairs: first, factor: 8 / 4 }]],
    ["scale 0.5", () => [{ path: at("first.gguf"), scale: 0.5 }], () => [{ pairs: first, factor: (0.5 * 8) / 4 }]],
    [
      "a negative scale",
      () => [{ path: at("first.gguf"), scale: -1.25 }],
      () => [{ pairs: first, factor: (-1.25 * 8) / 4 }]
    ],
    [
      "two adapters of other ranks and layers",
      () => [
        { path: at("first.gguf"), scale: 0.75 },
        { path: at("second.gguf"), scale: 0.5 }
      ],
      () => [
        { pairs: first, factor: (0.75 * 8) / 4 },
        { pairs: second.slice(0, 20), factor: (0.5 * 16) / 8 }
      ]
    ],
    [
      "no alpha in the file",
      () => [{ path: writePairs(at("no-alpha.gguf"), adapterKeys(1).slice(0, 3), first), scale: 0.5 }],
      () => [{ pairs: first, factor: 0.5 }]
    ]
  ];
  it.each(cases)("%s", async (_what, lora, adapters) => {
    const merged = await writeMerged(at("merged.gguf"), demoText, adapters());
    for (const transcript of [question, aboutFilm]) {
      const adapted = await logitsOf(demo, transcript, lora());
      // Measured: 2e-7 to 4e-7, and 0.04 to 0.3 from the model without; with GELU by a table of F16: 1e-4.
      expect(difference(adapted, await logitsOf({ ...demo, model: merged }, transcript))).toBeLessThan(1e-5);
      expect(difference(adapted, await logitsOf(demo, transcript))).toBeGreaterThan(0.02);
    }
  });

  it("BF16, within its rounding", async () => {
    const path = writePairs(at("bf16.gguf"), adapterKeys(8), first, "BF16");
    const merged = await writeMerged(at("merged.gguf"), demoText, [{ pairs: first, factor: 2 }]);
    expect(difference(await logitsOf(demo, question, [{ path }]), await logitsOf(merged, question))).toBeLessThan(5e-3);
  });

  it("scale 0 changes nothing", async () => {
    expect(
      difference(await logitsOf(demo, question, [{ path: at("first.gguf"), scale: 0 }]), await logitsOf(demo, question))
    ).toBe(0);
  });

  it("62 layers and three adapters at once", async () => {
    const model = at("tiny.gguf");
    await writeTinyText(model);
    const adapters = await Promise.all(
      [1, 2, 3].map(async (seed) => ({ pairs: await randomPairs(model, 2, seed), factor: 1 }))
    );
    const lora = adapters.map(({ pairs }, index) => ({
      path: writePairs(at(`tiny-${index}.gguf`), adapterKeys(2), pairs)
    }));
    const merged = await writeMerged(at("merged.gguf"), model, adapters);
    const adapted = await logitsOf(model, question, lora);
    expect(difference(adapted, await logitsOf(merged, question))).toBeLessThan(1e-5);
    expect(difference(adapted, await logitsOf(model, question))).toBeGreaterThan(0.02);
  });
});

describe("chats under an adapter", () => {
  /** Enough to change answers, but not to end in babble. */
  const scale = 3;
  const options = () => ({ gpu: "off", parallel: 3, lora: [{ path: at("first.gguf"), scale }] }) as const;
  const mergedModel = async () => ({
    ...demo,
    model: await writeMerged(at("merged.gguf"), demoText, [{ pairs: first, factor: scale * 2 }])
  });

  it("answer as those of the merged model, about images, side by side and with what was read before", async () => {
    await using adapted = await loadMedGemma(demo, options());
    await using merged = await loadMedGemma(await mergedModel(), { gpu: "off", parallel: 3 });
    await using plain = await loadMedGemma(demo, { gpu: "off", parallel: 3 });
    const images = [film, before, after];
    const answers = async (model: typeof adapted) =>
      await Promise.all(
        images.map(async (image) => {
          await using chat = await model.createChat();
          const described = await chat.ask("Describe the image.", { images: [image], maxTokens: 60 });
          const counted = await chat.ask("How many shapes are there?", { maxTokens: 20 });
          expect(counted.usage.reusedTokens).toBeGreaterThan(described.usage.imageTokens);
          return [described.tokens, counted.tokens];
        })
      );
    const found = await answers(adapted);
    expect(found).toEqual(await answers(merged));
    expect(found).not.toEqual(await answers(plain));
  });

  it("see the images that they see without", async () => {
    await using adapted = await loadMedGemma(demo, options());
    await using plain = await loadMedGemma(demo, { gpu: "off" });
    expect((await adapted.encode([film]))[0]?.tokens).toEqual((await plain.encode([film]))[0]?.tokens);
  });

  it("tell the adapters in the model that answers", async () => {
    await using adapted = await loadMedGemma(demo, {
      gpu: "off",
      lora: [{ path: at("first.gguf") }, { path: at("second.gguf"), scale: -0.5 }]
    });
    expect(adapted.model.lora).toEqual([
      { path: at("first.gguf"), scale: 1 },
      { path: at("second.gguf"), scale: -0.5 }
    ]);
    await using plain = await loadMedGemma(demo, { gpu: "off" });
    expect(plain.model.lora).toEqual([]);
  });
});
