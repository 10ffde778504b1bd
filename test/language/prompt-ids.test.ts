import { beforeAll, describe, expect, it } from "vitest";
import { renderPrompt } from "../../src/language/prompt.js";
import type { Tokenizer } from "../../src/language/tokens/tokenizer.js";
import { demoText } from "../demo-model.js";
import { readTokenizer } from "../read-tokenizer.js";
import { croppedImagePrompts, wholeImagePrompts } from "../reference-prompts.js";

describe("token ids are those of Google's processor and template", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await readTokenizer(demoText);
  });

  it("for at least 40 conversations", () => expect(wholeImagePrompts.length).toBeGreaterThanOrEqual(40));

  it.each(wholeImagePrompts.map((entry) => [entry.name.slice(0, 60), entry] as const))(
    "%s",
    (_name, { system, turns, ids }) => {
      expect(renderPrompt(system, turns, tokenizer)).toEqual(ids);
    }
  );

  it.each(croppedImagePrompts.map((entry) => [entry.name, entry] as const))(
    "with pan and scan, %s",
    (_name, { system, turns, ids }) => {
      expect(renderPrompt(system, turns, tokenizer)).toEqual(ids);
    }
  );
});
