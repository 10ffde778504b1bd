import type { Token } from "node-llama-cpp";
import { beforeAll, describe, expect, it } from "vitest";
import { Detokenizer } from "../../../src/language/tokens/detokenizer.js";
import { readTextModelFile } from "../../../src/language/model-file.js";
import { Tokenizer } from "../../../src/language/tokens/tokenizer.js";
import { Vocabulary } from "../../../src/language/tokens/vocabulary.js";
import { demoText } from "../../demo-model.js";

let vocabulary: Vocabulary;
let tokenize: (text: string) => Token[];
beforeAll(async () => {
  vocabulary = new Vocabulary(await readTextModelFile(demoText));
  const tokenizer = new Tokenizer(vocabulary);
  tokenize = (text) => tokenizer.tokenize(text);
});

describe("tokens become text piece by piece", () => {
  it.each([
    "A small circle.",
    "  two  blanks ",
    "\n\n\nlines\n",
    "Grüße, 画像, 👩‍⚕️ – fin",
    "é".repeat(5),
    "\u0000\u0001",
    "👩".repeat(3),
    "\ufeffmark"
  ])("%j", (text) => {
    const detokenizer = new Detokenizer(vocabulary);
    const pieces = tokenize(text).map((token) => detokenizer.push(token));
    pieces.push(detokenizer.finish());
    expect(pieces.join("")).toBe(text);
    for (const piece of pieces) expect(piece).not.toContain("\ufffd");
  });

  it("gives what there is of a character that is never finished", () => {
    const bytes = tokenize("👩");
    expect(bytes.length).toBe(4); // byte fallback: the vocabulary has no such piece
    const detokenizer = new Detokenizer(vocabulary);
    const pieces = bytes.slice(0, 2).map((token) => detokenizer.push(token));
    expect(pieces).toEqual(["", ""]);
    expect(detokenizer.finish()).toContain("\ufffd");
  });
});
