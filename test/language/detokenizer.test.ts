import type { LlamaModel, Token } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Detokenizer } from "../../src/language/detokenizer.js";
import { startLlama } from "../../src/language/llama.js";
import { demoText } from "../demo-model.js";

let model: LlamaModel;
beforeAll(async () => {
  const { llama } = await startLlama("off");
  model = await llama.loadModel({ modelPath: demoText, vocabOnly: true });
});
afterAll(async () => await model.dispose());

describe("tokens become text piece by piece", () => {
  it.each(["A small circle.", "  two  blanks ", "\n\n\nlines\n", "Grüße, 画像, 👩‍⚕️ – fin", "é".repeat(5), "\u0000\u0001", "👩".repeat(3)])(
    "%j",
    (text) => {
      const detokenizer = new Detokenizer(model);
      const pieces = model.tokenize(text, false).map((token) => detokenizer.push(token));
      pieces.push(detokenizer.finish());
      expect(pieces.join("")).toBe(text);
      for (const piece of pieces) expect(piece).not.toContain("\ufffd");
    }
  );

  it("gives what there is of a character that is never finished", () => {
    const bytes = model.tokenize("👩", false);
    expect(bytes.length).toBe(4); // byte fallback: the vocabulary has no such piece
    const detokenizer = new Detokenizer(model);
    const pieces = bytes.slice(0, 2).map((token: Token) => detokenizer.push(token));
    expect(pieces).toEqual(["", ""]);
    expect(detokenizer.finish()).toContain("\ufffd");
  });
});
