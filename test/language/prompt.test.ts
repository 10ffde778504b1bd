import type { Token } from "node-llama-cpp";
import { describe, expect, it } from "vitest";
import {
  rawPromptSegments,
  renderPrompt,
  type PromptPart,
  type PromptTurn,
  type PromptVocabulary
} from "../../src/language/prompt.js";

/** A vocabulary whose tokens are readable: a control token or a whole text each. */
const written: string[] = [];
const idOf = (text: string) => (written.includes(text) ? written.indexOf(text) : written.push(text) - 1) as Token;
const readable: PromptVocabulary = {
  special: {
    bos: idOf("<bos>"),
    startOfTurn: idOf("<turn>"),
    endOfTurn: idOf("</turn>"),
    imageMarks: { open: idOf("<image>"), close: idOf("</image>") }
  },
  tokenize: (text) => [idOf(`'${text}'`)]
};
const image = (name: string): Token[] => [idOf(name)];
const render = (system: string | null, turns: readonly PromptTurn[]) =>
  renderPrompt(system, turns, readable)
    .map((token) => written[token])
    .join(" ");
const ask = (...user: PromptPart[]): PromptTurn => ({ user, answer: null });

describe("the prompt", () => {
  it("is Gemma's template", () => {
    expect(render(null, [ask("Hi")])).toBe("<bos> <turn> 'user\nHi' </turn> '\n' <turn> 'model\n'");
  });

  it("puts the system text in front of the first user text", () => {
    expect(render("Be brief.", [{ user: ["Hi"], answer: "Yes" }, ask("And?")])).toBe(
      "<bos> <turn> 'user\nBe brief.\n\nHi' </turn> '\n' <turn> 'model\nYes' </turn> '\n' <turn> 'user\nAnd?' </turn> '\n' <turn> 'model\n'"
    );
  });

  it("puts blank lines around every image, and joins those that touch", () => {
    expect(render(null, [ask(image("A"), image("B"), "Hi")])).toBe(
      "<bos> <turn> 'user\n\n\n' <image> A </image> '\n\n\n\n' <image> B </image> '\n\nHi' </turn> '\n' <turn> 'model\n'"
    );
  });

  it("keeps images and texts in their order", () => {
    expect(render(null, [ask(" one ", image("A"), "two\n", image("B"))])).toBe(
      "<bos> <turn> 'user\none\n\n' <image> A </image> '\n\ntwo\n\n' <image> B </image> '\n\n' </turn> '\n' <turn> 'model\n'"
    );
  });

  it("is never made without the marks of its images", () => {
    const blind: PromptVocabulary = { ...readable, special: { ...readable.special, imageMarks: null } };
    expect(renderPrompt(null, [ask("Hi")], blind)).toEqual(renderPrompt(null, [ask("Hi")], readable));
    expect(() => renderPrompt(null, [ask(image("A"))], blind)).toThrow(
      expect.objectContaining({ code: "MODEL_MISMATCH" })
    );
  });

  it("trims texts as Jinja does, and only these", () => {
    expect(render(" s ", [ask(" \t\nHi\u00a0\u2003\n ")])).toContain("'user\n s \n\nHi'");
    expect(render(null, [ask("\ufeffHi\u200b")])).toContain("'user\n\ufeffHi\u200b'");
  });
});

describe("a run of blanks inside of a text", () => {
  it("stays, and is not looked through once for each of them", () => {
    const text = `a${" ".repeat(1_000_000)}b`; // squared, that would be hours
    expect(render(null, [ask(` ${text} `)])).toContain(`'user\n${text}'`);
  });
});

describe("the raw prompt", () => {
  const raw = (...turns: PromptTurn[]) =>
    rawPromptSegments(turns, readable.special)
      .flatMap((part) => (typeof part === "string" ? `'${part}'` : part.map((token) => written[token])))
      .join(" ");

  it("is texts and images as they are, behind <bos>", () => {
    // The card of the pre-trained model: "<start_of_image> findings:".
    expect(raw(ask(image("A"), " findings:"))).toBe("<bos> '\n\n' <image> A </image> '\n\n findings:'");
    expect(raw(ask(" one ", image("A"), "two", image("B")))).toBe(
      "<bos> ' one \n\n' <image> A </image> '\n\ntwo\n\n' <image> B </image> '\n\n'"
    );
  });
});
