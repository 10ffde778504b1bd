/** Questions without the chat template, and the pre-trained variant, whose questions all are. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { composePrompt, loadMedGemma, loadPreset, presetOptions, type MedGemma } from "../../src/index.js";
import { demoProjector, film } from "../demo-model.js";
import { readTokenizer } from "../read-tokenizer.js";
import { demoTextContent, named, write } from "../published-files.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-raw-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let instructed: MedGemma;
let pretrained: MedGemma;
let lengthOf: (text: string) => number;
beforeAll(async () => {
  const text = write(join(folder, "medgemma-4b-pt-Q4_K_M.gguf"), named(demoTextContent, "Medgemma 4b Pt"));
  instructed = await loadMedGemma("demo", { gpu: "off" });
  pretrained = await loadMedGemma({ model: text, mmproj: demoProjector }, { gpu: "off" });
  const tokenizer = await readTokenizer(text);
  lengthOf = (words) => tokenizer.tokenize(words).length;
});
afterAll(async () => {
  await instructed.dispose();
  await pretrained.dispose();
});

async function ask(
  model: MedGemma,
  ...[prompt, options]: Parameters<Awaited<ReturnType<MedGemma["createChat"]>>["ask"]>
) {
  await using chat = await model.createChat();
  return await chat.ask(prompt, { maxTokens: 4, ...options });
}

/** <bos>, the marks and 16 tokens of each image, and the texts. */
const expected = (...texts: string[]) =>
  1 + texts.reduce((sum, text) => sum + lengthOf(text), 0) + (texts.length - 1) * 18;

describe("a raw question", () => {
  it("is sent as it is: no turns, no blanks taken away", async () => {
    const { usage, request } = await ask(instructed, " findings:", { images: [film], raw: true });
    expect(usage.promptTokens).toBe(expected("\n\n", "\n\n findings:"));
    expect(request).toMatchObject({ raw: true, prompt: [{ image: 0 }, " findings:"] });
  });

  it("puts images where the text marks them, several of them for examples", async () => {
    const prompt = "A: <start_of_image> findings: none.\nB: <start_of_image> findings:";
    const { usage, request } = await ask(instructed, prompt, { images: [film, film], raw: true });
    expect(usage.promptTokens).toBe(expected("A: \n\n", "\n\n findings: none.\nB: \n\n", "\n\n findings:"));
    expect(request.prompt).toEqual(["A: ", { image: 0 }, " findings: none.\nB: ", { image: 1 }, " findings:"]);
    await expect(ask(instructed, prompt, { images: [film], raw: true })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/2 places.*1 image is/) as string
    });
  });

  it("without raw, a mark in a text stays text", async () => {
    const { request, usage } = await ask(instructed, "<start_of_image> findings:", { images: [film] });
    expect(request).toMatchObject({ raw: false, prompt: [{ image: 0 }, "<start_of_image> findings:"] });
    expect(usage.imageTokens).toBe(16);
  });

  it("stands alone", async () => {
    await using chat = await instructed.createChat();
    await chat.ask("Describe the image.", { images: [film], maxTokens: 4 });
    await expect(chat.ask("And", { raw: true })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await using withSystem = await instructed.createChat({ system: "You are an expert." });
    await expect(withSystem.ask("Findings:", { raw: true })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("system text") as string
    });
    await expect(ask(instructed, "Findings:", { raw: true, think: true })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT"
    });
    await using raw = await instructed.createChat();
    const first = await raw.ask("Findings:", { raw: true, maxTokens: 4 });
    expect((await raw.regenerate({ maxTokens: 4 })).usage.promptTokens).toBe(first.usage.promptTokens);
    await expect(raw.ask("And now?")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("the pre-trained variant", () => {
  it("is told by its name, and asked raw by itself", async () => {
    expect([instructed.model.isPretrained, pretrained.model.isPretrained]).toEqual([false, true]);
    expect((await ask(pretrained, " findings:", { images: [film] })).usage.promptTokens).toBe(
      expected("\n\n", "\n\n findings:")
    );
    expect((await ask(pretrained, "Hi", { raw: false })).request.raw).toBe(false);
  });

  it("has the prompt of its card as a preset", async () => {
    const preset = await loadPreset("findings");
    const { usage, request } = await ask(instructed, composePrompt({ images: [film], preset }), presetOptions(preset));
    expect(request).toMatchObject({
      raw: true,
      preset: "findings",
      prompt: [{ image: 0 }, " findings:"],
      sampling: { maxTokens: 100 }
    });
    expect(usage.promptTokens).toBe(expected("\n\n", "\n\n findings:"));
  });
});
