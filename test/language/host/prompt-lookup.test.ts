import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Token } from "node-llama-cpp";
import { loadMedGemma, type MedGemma } from "../../../src/index.js";
import { PromptLookup } from "../../../src/language/host/prompt-lookup.js";
import { film, readScenes } from "../../demo-model.js";

describe("guesses from the prompt", () => {
  const lookup = (input: readonly number[], state: readonly number[]) => {
    const predictor = new PromptLookup((token) => token >= 1000);
    predictor.updateInputTokens(input as Token[]);
    predictor.reset({ stateTokens: state as Token[] });
    return predictor.predictTokens();
  };

  it("follow where three tokens agree, four at most", () => {
    expect(lookup([1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 3, 4, 5])).toEqual([6, 7, 8, 9]);
    expect(lookup([1, 2, 3, 4, 5, 6], [9, 4, 5])).toEqual([]);
  });

  it("stop in front of an image", () => {
    expect(lookup([3, 4, 5, 6, 1000, 1001], [3, 4, 5])).toEqual([6]);
  });
});

describe("answers with guesses are those without", () => {
  let plain: MedGemma;
  let guessing: MedGemma;
  beforeAll(async () => {
    plain = await loadMedGemma("demo", { gpu: "off" });
    guessing = await loadMedGemma("demo", { gpu: "off", promptLookup: true });
  });
  afterAll(async () => {
    await plain.dispose();
    await guessing.dispose();
  });

  it("on all scenes, in every turn", async () => {
    for (const { images, system, turns, kind } of readScenes()) {
      const talk = async (model: MedGemma) => {
        await using chat = await model.createChat({ system: system ?? undefined });
        const answers = [];
        for (const [index, { user }] of turns.entries()) {
          const { tokens, usage } = await chat.ask(user, {
            images: index === 0 ? images : [],
            think: kind === "think"
          });
          answers.push({ tokens, usage });
        }
        // Asking the same again: the whole answer stands in the prompt.
        const last = turns.at(-1)?.user ?? "";
        answers.push({ again: (await chat.ask(last)).tokens, more: (await chat.ask(last)).tokens });
        return answers;
      };
      expect(await talk(guessing)).toEqual(await talk(plain));
    }
  });

  it("with a schema, a cut, and after a stop", async () => {
    const schema = {
      type: "array",
      items: {
        type: "object",
        properties: { label: { enum: ["circle", "cross", "triangle"] }, size: { enum: ["small", "large"] } }
      },
      maxItems: 4
    };
    const talk = async (model: MedGemma) => {
      await using chat = await model.createChat();
      const first = await chat.ask("Describe the image.", { images: [film], schema, maxTokens: 200 });
      const cut = await chat.ask("Describe the image.", { maxTokens: 9 });
      const stopped = chat.ask("Describe the image.");
      for await (const _chunk of stopped) break;
      stopped.abort();
      await stopped;
      await chat.rewind(1);
      const after = await chat.ask("Describe the image.");
      return [first.value, first.tokens, cut.tokens, after.tokens];
    };
    expect(await talk(guessing)).toEqual(await talk(plain));
  });
});
