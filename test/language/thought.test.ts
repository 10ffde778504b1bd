import type { Token } from "node-llama-cpp";
import { describe, expect, it } from "vitest";
import type { SpecialTokens } from "../../src/language/tokens/special-tokens.js";
import { ThoughtSplitter } from "../../src/language/thought.js";

const [open94, close95, open96, close97, word] = [1, 2, 3, 4, 5] as [Token, Token, Token, Token, Token];
const special = {
  thoughtMarks: [
    { open: open94, close: close95 },
    { open: open96, close: close97 }
  ]
} as unknown as SpecialTokens;
const kindsOf = (tokens: readonly Token[]) => {
  const splitter = new ThoughtSplitter(special);
  return tokens.map((token) => splitter.push(token)).join(" ");
};

describe("a thought is told apart by token ids", () => {
  it.each([
    ["closed", [open94, word, close95, word], "mark thought mark text"],
    ["never closed", [open94, word, word], "mark thought thought"],
    ["in the second kind of marks", [open96, word, close97, word], "mark thought mark text"],
    ["after some text", [word, open94, word, close95, word], "text mark thought mark text"],
    ["twice", [open94, word, close95, word, open94, word], "mark thought mark text mark thought"],
    ["closed without being open", [word, close95, word], "text mark text"],
    ["not there", [word, word], "text text"]
  ])("%s", (_what, tokens, kinds) => expect(kindsOf(tokens)).toBe(kinds));
});
