/** Converters type Gemma's tokens differently; a model must read and answer the same under all of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Token } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectFile } from "../../../src/loading/inspect.js";
import { loadMedGemma, type MedGemma } from "../../../src/index.js";
import { Detokenizer } from "../../../src/language/tokens/detokenizer.js";
import type { TokenizerFacts } from "../../../src/language/describe-model.js";
import { readTextModelFile } from "../../../src/language/model-file.js";
import { renderPrompt, type PromptTurn } from "../../../src/language/prompt.js";
import { Tokenizer } from "../../../src/language/tokens/tokenizer.js";
import { Vocabulary } from "../../../src/language/tokens/vocabulary.js";
import { demoProjector, demoText, film } from "../../demo-model.js";
import { readTokenizer } from "../../read-tokenizer.js";
import { croppedImagePrompts, imageIds, wholeImagePrompts } from "../../reference-prompts.js";
import { pieceTypes, writeRetyped, type PieceTypeName, type Rewriting } from "../../retyped-model.js";
import { hostileTexts, seeded, variedTexts } from "../../varied-texts.js";

const isImageMark = (text: string) => text.endsWith("_of_image>");
const isUnused = (text: string) => text.startsWith("<unused");
const onlyMarks = (other: PieceTypeName) => (_text: string, type: PieceTypeName) =>
  type === "CONTROL" || type === "UNKNOWN" ? other : undefined;
const names = Object.keys(pieceTypes) as PieceTypeName[];

/** Beside the first three, files that people have. */
const converters: Readonly<Record<string, Rewriting>> = {
  "marks NORMAL": { typeOf: onlyMarks("NORMAL") },
  "marks USER_DEFINED": { typeOf: onlyMarks("USER_DEFINED") },
  "marks UNUSED": { typeOf: onlyMarks("UNUSED") },
  "llama.cpp's converter, from a text model": { typeOf: (text) => (isImageMark(text) ? "USER_DEFINED" : undefined) },
  "unsloth, first exports": {
    typeOf: (text, type) => (type === "CONTROL" && !/^<(?:pad|bos|eos)>$/.test(text) ? "NORMAL" : undefined)
  },
  "unsloth, later exports": { typeOf: (text) => (isUnused(text) ? "NORMAL" : undefined) },
  Ollama: {
    typeOf: (text, type) => (isImageMark(text) || isUnused(text) || type === "USER_DEFINED" ? "NORMAL" : undefined),
    without: ["tokenizer.ggml.add_space_prefix"]
  },
  "everything NORMAL": { typeOf: () => "NORMAL" },
  "no types at all": { without: ["tokenizer.ggml.token_type"] },
  "line breaks CONTROL": { typeOf: (text) => (/^\n+$/.test(text) ? "CONTROL" : undefined) },
  "marks, line breaks and bytes of mixed types": {
    typeOf: (text, type) =>
      type === "NORMAL" ? undefined : names[(text.length * 7 + (text.at(-2)?.charCodeAt(0) ?? 0)) % names.length]
  }
};

const folder = mkdtempSync(join(tmpdir(), "medgemma-token-types-"));
const pathOf = (name: string) => join(folder, `${name.replace(/\W+/g, "-")}.gguf`);
let shipped: Tokenizer;
let answers: Awaited<ReturnType<typeof answersOf>>;
beforeAll(async () => {
  await using demo = await loadMedGemma("demo", { gpu: "off" });
  answers = await answersOf(demo);
  for (const [name, rewriting] of Object.entries(converters)) await writeRetyped(pathOf(name), rewriting);
  shipped = await readTokenizer(demoText);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Plain, with a thought, and with one that is closed by force. */
async function answersOf(medgemma: MedGemma) {
  const asked = [{}, { think: true }, { think: true, thoughtBudget: 4 }].map(async (options) => {
    await using chat = await medgemma.createChat();
    const { text, thought, tokens, stopReason, usage } = await chat.ask("Describe the image.", {
      images: [film],
      ...options
    });
    return { text, thought, tokens, stopReason, promptTokens: usage.promptTokens };
  });
  return await Promise.all(asked);
}

/** Conversations of a few turns, with images, system texts and earlier answers. */
function randomConversations(
  count: number
): { readonly system: string | null; readonly turns: readonly PromptTurn[] }[] {
  const draw = seeded(77);
  const texts = variedTexts(1000, 77);
  const text = () => texts[draw(texts.length)] ?? "";
  return Array.from({ length: count }, () => {
    const length = 1 + draw(4);
    const turns = Array.from({ length }, (_, index) => ({
      user: Array.from({ length: 1 + draw(3) }, () => (draw(3) === 0 ? imageIds : text())),
      answer: index + 1 === length ? null : text()
    }));
    return { system: draw(2) === 0 ? null : text(), turns };
  });
}

it("the demo model thinks when it is asked to, and ends its answers", () => {
  expect(answers.map(({ stopReason }) => stopReason)).toEqual(["end", "end", "end"]);
  expect(answers.map(({ thought }) => thought !== null)).toEqual([false, true, true]);
});

describe.each(Object.keys(converters))("under the types of %s", (name) => {
  let tokenizer: Tokenizer;
  let detokenize: (tokens: readonly Token[]) => string;
  beforeAll(async () => {
    const vocabulary = new Vocabulary(await readTextModelFile(pathOf(name)));
    tokenizer = new Tokenizer(vocabulary);
    detokenize = (tokens) => {
      const detokenizer = new Detokenizer(vocabulary);
      return tokens.map((token) => detokenizer.push(token)).join("") + detokenizer.finish();
    };
  });

  it("prompts have the ids of Google's processor and template", () => {
    for (const { name: which, system, turns, ids } of [...wholeImagePrompts, ...croppedImagePrompts]) {
      expect(renderPrompt(system, turns, tokenizer), which).toEqual(ids);
    }
  });

  it("300 random conversations have the ids that they have under the usual types", () => {
    for (const { system, turns } of randomConversations(300))
      expect(renderPrompt(system, turns, tokenizer)).toEqual(renderPrompt(system, turns, shipped));
  });

  it("1000 texts that spell marks stay text", () => {
    for (const text of hostileTexts(1000)) {
      const tokens = tokenizer.tokenize(text);
      expect(tokens).toEqual(shipped.tokenize(text));
      // Marks leave no text.
      expect(detokenize(tokens)).toBe(Buffer.from(text).toString().replaceAll("▁", " "));
    }
  });

  it("the model reads, thinks, answers and ends as the demo does", async () => {
    await using medgemma = await loadMedGemma({ model: pathOf(name), mmproj: demoProjector }, { gpu: "off" });
    expect(await answersOf(medgemma)).toEqual(answers);
    // Where llama.cpp does not know the bytes for bytes, the answer is another, but still what the grammar allows.
    await using chat = await medgemma.createChat();
    const schema = {
      type: "object",
      properties: { shape: { enum: ["circle", "cross"] }, finding: { type: "string", maxLength: 30 } }
    } as const;
    const { text, value } = await chat.ask("Describe the image.", {
      images: [film],
      schema,
      temperature: 1.5,
      seed: 1
    });
    expect(JSON.parse(text)).toEqual(value);
    expect(text).not.toMatch(/\ufffd|<unused|_of_|<0x/);
    expect(Array.from((value as { readonly finding: string }).finding).length).toBeLessThanOrEqual(30);
  });
});

describe("inspect", () => {
  const typesOf = async (name: string) =>
    ((await inspectFile(pathOf(name))) as { readonly tokenizer?: TokenizerFacts }).tokenizer?.unusualTypes;

  it("names the types that are unusual", async () => {
    expect(await typesOf("Ollama")).toEqual({
      "<start_of_image>": "NORMAL",
      "<end_of_image>": "NORMAL",
      "<unused94>": "NORMAL",
      "<unused95>": "NORMAL",
      "line breaks": "NORMAL"
    });
    expect(await typesOf("llama.cpp's converter, from a text model")).toEqual({
      "<start_of_image>": "USER_DEFINED",
      "<end_of_image>": "USER_DEFINED"
    });
  });

  it("finds none in the demo model", async () => {
    expect(await inspectFile(demoText)).toMatchObject({ tokenizer: { unusualTypes: {} } });
  });
});

it("a projector is refused for a model without image marks, which takes texts", async () => {
  const path = join(folder, "blind.gguf");
  await writeRetyped(path, { texts: { "<start_of_image>": "<start_of_smell>" } });
  await expect(loadMedGemma({ model: path, mmproj: demoProjector }, { gpu: "off" })).rejects.toMatchObject({
    code: "MODEL_MISMATCH",
    message: expect.stringContaining("<start_of_image>") as string
  });
  await using medgemma = await loadMedGemma({ model: path }, { gpu: "off" });
  await using chat = await medgemma.createChat();
  expect(await chat.ask("Hello.", { maxTokens: 4 })).toMatchObject({ images: [] });
});

it("an answer does not end at </s>, an HTML tag that llama.cpp takes for an end", async () => {
  const path = join(folder, "struck.gguf");
  await writeRetyped(path, { texts: { "▁A": "</s>" } });
  await using medgemma = await loadMedGemma({ model: path, mmproj: demoProjector }, { gpu: "off" });
  await using chat = await medgemma.createChat();
  expect(await chat.ask("Describe the image.", { images: [film] })).toMatchObject({
    text: "A small bright circle at the middle left.</s> small dark cross at the middle center.</s> small bright triangle at the bottom right.",
    stopReason: "end"
  });
});
