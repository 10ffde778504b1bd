import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LlamaModel, Token } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLlama } from "../../src/language/llama.js";
import { renderPrompt, type PromptVocabulary } from "../../src/language/prompt.js";
import { findSpecialTokens } from "../../src/language/special-tokens.js";
import { panAndScan } from "../../src/image/pan-and-scan.js";
import { demoText } from "../demo-model.js";

interface Case {
  readonly name: string;
  readonly system: string | null;
  readonly turns: readonly { readonly user: readonly (string | { readonly image: string })[]; readonly model: string | null }[];
  readonly ids: readonly number[];
}

const cases = JSON.parse(readFileSync(fileURLToPath(new URL("../fixtures/reference/prompts.json", import.meta.url)), "utf8")) as Case[];

interface CropCase extends Omit<Case, "turns"> {
  readonly turns: readonly { readonly user: readonly (string | { readonly size: readonly [number, number] })[]; readonly model: string | null }[];
}

const crops = JSON.parse(readFileSync(fileURLToPath(new URL("../fixtures/reference/crops.json", import.meta.url)), "utf8")) as {
  readonly prompts: readonly CropCase[];
};

/** How the fixtures write the 16 tokens of an image. */
const image = Array.from({ length: 16 }, () => -1 as Token);

describe("token ids are those of Google's processor and template", () => {
  let model: LlamaModel;
  let vocabulary: PromptVocabulary;
  beforeAll(async () => {
    const { llama } = await startLlama("off");
    model = await llama.loadModel({ modelPath: demoText, vocabOnly: true });
    vocabulary = { special: findSpecialTokens(model, demoText), tokenizeText: (text) => model.tokenize(text, false) };
  });
  afterAll(async () => await model.dispose());

  it("for at least 40 conversations", () => expect(cases.length).toBeGreaterThanOrEqual(40));

  it.each(cases.map((entry) => [entry.name.slice(0, 60), entry] as const))("%s", (_name, { system, turns, ids }) => {
    const rendered = turns.map(({ user, model: answer }) => ({ user: user.map((part) => (typeof part === "string" ? part : image)), answer }));
    expect(renderPrompt(system, rendered, vocabulary)).toEqual(ids);
  });

  it.each(crops.prompts.map((entry) => [entry.name, entry] as const))("with pan and scan, %s", (_name, { system, turns, ids }) => {
    const partOf = (part: string | { readonly size: readonly [number, number] }) => {
      if (typeof part === "string") return part;
      const shown = panAndScan(...part.size);
      return shown.length === 0 ? image : { whole: image, crops: shown.map(() => image) };
    };
    const rendered = turns.map(({ user, model: answer }) => ({ user: user.map(partOf), answer }));
    expect(renderPrompt(system, rendered, vocabulary)).toEqual(ids);
  });
});
