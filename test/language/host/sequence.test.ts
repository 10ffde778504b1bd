import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelParts } from "../../../src/chat/encode-images.js";
import { loadParts } from "../../../src/loading/load.js";
import { promptOf, type Transcript } from "../../../src/chat/transcript.js";
import { after, before, film } from "../../demo-model.js";

type Turn = Transcript["turns"][number];

const here = fileURLToPath(import.meta.url);
/** Two ways to the same numbers add in another order; measured: 2e-4. */
const tolerance = 1e-3;

let fresh: ModelParts;
beforeAll(async () => {
  ({ parts: fresh } = await loadParts("demo", { gpu: "off" }));
});
afterAll(async () => await dispose(fresh));

async function dispose(parts: ModelParts): Promise<void> {
  await parts.vision?.dispose();
  await parts.language.dispose();
}

/** Answers in a context that may hold anything from before, and compares every logit with a fresh run. */
async function answer(
  used: ModelParts,
  transcript: Transcript,
  maxTokens = 8
): Promise<{ reusedTokens: number; promptTokens: number }> {
  const { tokens: prompt } = await promptOf(used, transcript, here);
  const rows = new Map<number, Float32Array>();
  const made: (typeof prompt)[number][] = [];
  let reusedTokens = 0;
  const events = used.language.generate(prompt, {
    maxTokens,
    temperature: 0,
    onLogits: (logits, position) => rows.set(position, logits)
  });
  for await (const event of events) {
    if (event.type === "prefilled") reusedTokens = event.reusedTokens;
    if (event.type === "token") made.push(event.token);
  }
  const expected = await fresh.language.readLogits(
    [...(await promptOf(fresh, transcript, here)).tokens, ...made],
    prompt.length - 1
  );
  expect(rows.size).toBe(made.length);
  for (const [position, row] of rows) {
    const other = expected.get(position) ?? new Float32Array();
    expect(largestDifference(row, other)).toBeLessThan(tolerance);
  }
  return { reusedTokens, promptTokens: prompt.length };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (b[index] ?? Number.NaN))), 0);
}

const ask = (...user: Turn["user"]): Turn => ({ user, model: null });
const said = (model: string, ...user: Turn["user"]): Turn => ({ user, model });
const talk = (...turns: Turn[]): Transcript => ({ system: null, turns });
const picture = (image: string) => ({ image });

describe("logits equal those of a fresh run", () => {
  let used: ModelParts;
  beforeAll(async () => {
    ({ parts: used } = await loadParts("demo", { gpu: "off", contextSize: 4096 }));
  });
  afterAll(async () => await dispose(used));

  const first = said("A small dark cross.", picture(film), "Describe the image.");

  it("in a follow-up, which decodes only what is new", async () => {
    const { promptTokens } = await answer(used, talk(ask(...first.user)));
    const { reusedTokens } = await answer(used, talk(first, ask("Is there a circle?")));
    expect(reusedTokens).toBeGreaterThanOrEqual(promptTokens - 1);
  });

  it("after an earlier turn was edited", async () => {
    await answer(used, talk(first, said("Yes.", "Is there a circle?"), ask("How many?")));
    const { reusedTokens } = await answer(used, talk(first, said("No.", "Is there a square?"), ask("How many?")));
    expect(reusedTokens).toBeGreaterThan(16);
  });

  it("after an image was changed for another of the same size", async () => {
    await answer(used, talk(ask("See:", picture(before), "Describe the image.")));
    const { reusedTokens } = await answer(used, talk(ask("See:", picture(after), "Describe the image.")));
    expect(reusedTokens).toBeLessThan(16);
  });

  it("when the same question is asked again", async () => {
    const question = talk(first, ask("Is there a circle?"));
    await answer(used, question, 12);
    await answer(used, question, 12);
  });

  it("when the conversation branches", async () => {
    await answer(used, talk(first, ask("Is there a circle?")));
    await answer(used, talk(first, ask("What is at the top left?", picture(after))));
    await answer(used, talk(first, ask("Is there a circle?")));
  });

  it("with two images that touch, and the same image twice", async () => {
    await answer(used, talk(ask(picture(before), picture(after), "What changed?")));
    await answer(used, talk(ask(picture(before), picture(before), "What changed?")));
  });

  it("far beyond the sliding window, and after going back there", async () => {
    const long = Array.from({ length: 14 }, (_, n) =>
      said(`There are ${n} shapes.`, `Question ${n}?`, ...(n % 5 === 0 ? [picture(film)] : []))
    );
    await answer(used, talk(...long, ask("And?")));
    await answer(used, talk(...long.slice(0, 12), ask("And?")));
    await answer(used, talk(...long.slice(0, 3), ask("And?")));
    await answer(used, talk(...long, ask("And?")));
  });

  it("for a prompt of several batches", async () => {
    const many = Array.from({ length: 60 }, (_, n) =>
      n % 7 === 0 ? picture(n % 2 === 0 ? film : before) : `Words and words ${n}.`
    );
    const { promptTokens } = await answer(used, talk(ask(...many)));
    expect(promptTokens).toBeGreaterThan(600);
  });

  it("after a stop in the middle of the prompt", async () => {
    const question = talk(ask(...Array.from({ length: 20 }, () => picture(after)), "Describe."));
    const { tokens: prompt } = await promptOf(used, question, here);
    const controller = new AbortController();
    const events = used.language.generate(prompt, { maxTokens: 9, temperature: 0, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    const reasons = [];
    for await (const event of events) if (event.type === "stopped") reasons.push(event.reason);
    expect(reasons).toHaveLength(1);
    await answer(used, question);
  });

  // The cache of the local layers has 768 cells here: beyond that, going back may find its window overwritten.
  it("after 30 random steps, most of them beyond the cache of the local layers", async () => {
    let state = 7;
    const random = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    const pictures = [film, before, after];
    const randomTurn = (): Turn => {
      const parts = Array.from({ length: 1 + random(3) }, () =>
        random(3) === 0 ? picture(pictures[random(3)] ?? film) : `What is at place ${random(40)}?`
      );
      return { user: parts, model: `Answer ${random(99)}. `.repeat(1 + random(30)) };
    };
    let turns: Turn[] = [];
    let beyond = 0;
    let reused = 0;
    for (let step = 0; step < 30; step += 1) {
      const cut = random(3) === 0 ? turns.length - random(Math.min(4, turns.length + 1)) : turns.length;
      turns = [...turns.slice(0, cut), randomTurn()].slice(step % 15 === 14 ? -4 : -11);
      const { promptTokens, reusedTokens } = await answer(used, talk(...turns, ask("And?")), 1 + random(5));
      if (promptTokens > 768) beyond += 1;
      if (reusedTokens > 768) reused += 1;
    }
    expect(beyond).toBeGreaterThan(12);
    expect(reused).toBeGreaterThan(8);
  }, 120_000);
});

describe("side by side with other sequences", () => {
  it("logits equal those of a fresh run", async () => {
    const { parts: used } = await loadParts("demo", { gpu: "off", contextSize: 1024, parallel: 3 });
    const questions = [film, before, after, film, before].map((image, n) =>
      talk(ask(`Number ${n}:`, picture(image), "Describe the image."))
    );
    await Promise.all(questions.map((question) => answer(used, question, 10)));
    await dispose(used);
  });
});
