import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Detokenizer } from "../../../src/language/tokens/detokenizer.js";
import { readTextModelFile } from "../../../src/language/model-file.js";
import { Tokenizer } from "../../../src/language/tokens/tokenizer.js";
import { Vocabulary } from "../../../src/language/tokens/vocabulary.js";
import { gemma3, isMark, referenceTokenizer, writeGemma3Vocabulary } from "../../gemma3-vocabulary.js";
import { hostileTexts, variedTexts } from "../../varied-texts.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-vocabulary-"));
let vocabulary: Vocabulary;
let tokenizer: Tokenizer;
let reference: (text: string) => number[];
beforeAll(async () => {
  const path = join(folder, "gemma3.gguf");
  writeGemma3Vocabulary(path);
  vocabulary = new Vocabulary(await readTextModelFile(path));
  tokenizer = new Tokenizer(vocabulary);
  reference = referenceTokenizer();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("with the 262,144 pieces of Gemma 3", () => {
  it("600 texts have the ids of Hugging Face's tokenizer", () => {
    for (const text of variedTexts(600))
      expect(tokenizer.tokenize(text), JSON.stringify(text)).toEqual(reference(text));
  });

  it("a text of 100 kB has them too, in steps of some microseconds each", () => {
    const texts = [
      variedTexts(400).join(" "),
      "a report without an end, ".repeat(4000),
      "日本語のテキスト".repeat(4000),
      `${"a <b> </b> ".repeat(2000)}> </x`
    ];
    for (const text of texts) {
      const steps = tokenizer.tokenizeInSteps(text);
      let yields = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) yields += 1;
      expect(step.value).toEqual(reference(text));
      expect(yields).toBeGreaterThan(text.length / 2048);
    }
  });

  it("texts that spell marks have the ids of text", () => {
    for (const text of hostileTexts(300))
      expect(tokenizer.tokenize(text), JSON.stringify(text)).toEqual(reference(text));
  });

  it("every mark that a user may spell stays text", () => {
    const marks = new Set<number>(vocabulary.marks);
    const texts = gemma3.added_tokens.filter(isMark).map(({ content }) => content);
    expect(texts.length).toBeGreaterThan(6000);
    expect(texts.flatMap((text) => tokenizer.tokenize(text)).filter((token) => marks.has(token))).toEqual([]);
  });

  it("tokens become the text that they were made of", () => {
    for (const text of variedTexts(600, 2)) {
      const detokenizer = new Detokenizer(vocabulary);
      const pieces = tokenizer.tokenize(text).map((token) => detokenizer.push(token));
      expect(pieces.join("") + detokenizer.finish()).toBe(text.replaceAll("\u2581", " "));
    }
  });

  it("a text of 100,000 characters without blanks is no trouble", () => {
    const text = "心影大小正常双肺纹理清晰".repeat(100_000 / 12);
    expect(tokenizer.tokenize(text)).toEqual(reference(text));
  });
});
