/** A recorded question is asked again, `chat.ask(answer.request)`: the answer is the same in every token. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  loadMedGemma,
  readSeries,
  readSlide,
  repeatAnswer,
  type Answer,
  type AnswerRequest,
  type AskOptions,
  type MedGemma,
  type PromptPart
} from "../../src/index.js";
import { after, before, film } from "../demo-model.js";

let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", contextSize: 4096 });
});
afterAll(async () => await medgemma.dispose());

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const schema = {
  type: "object",
  properties: { note: { type: "string", maxLength: 40 }, share: { type: "number", minimum: 0, maximum: 1 } }
};

interface Question {
  readonly prompt: string | readonly PromptPart[];
  readonly options?: AskOptions;
  readonly system?: string;
}

/** A question of every kind, each with another seed. */
const kinds: Readonly<Record<string, (seed: number) => Question | Promise<Question>>> = {
  "a text alone": () => ({ prompt: "Tell me anything" }),
  "an image": (seed) => ({
    prompt: "Tell me anything",
    options: { images: [[film, before, after][seed % 3] ?? film] }
  }),
  "images between texts": () => ({
    prompt: ["First:", { image: before }, "Second:", { image: after }, "What changed?"]
  }),
  "a stretched image, and a system text": () => ({
    prompt: "Tell me anything",
    options: { images: [fixture("images/rgb-60x90.png")], fit: "stretch" },
    system: "Be brief."
  }),
  crops: () => ({ prompt: "Tell me anything", options: { images: [fixture("images/rgb-400x150.png")], fit: "crops" } }),
  "a frame of DICOM in a window": () => ({
    prompt: "Tell me anything",
    options: { images: [fixture("dicom/frames.dcm")], frame: 2, window: { center: 100, width: 300 } }
  }),
  "DICOM as it is stored": () => ({
    prompt: "Tell me anything",
    options: { images: [fixture("dicom/ct.dcm")], aspect: false }
  }),
  "a picture of 12 bits in a window": () => ({
    prompt: "Tell me anything",
    options: { images: [fixture("images/12-bits.png")], window: { center: 1000, width: 1500 } }
  }),
  "a series of DICOM": async () => ({
    prompt: "Tell me anything",
    options: { series: await readSeries(fixture("series/tilted"), { slices: 3, recipe: "v1" }) }
  }),
  "a volume of NIfTI": async () => ({
    prompt: "Tell me anything",
    options: { series: await readSeries(fixture("nifti/mr-4d.nii.gz"), { slices: 2, volume: 2, modality: "MR" }) }
  }),
  "a slide": async () => ({
    prompt: "Tell me anything",
    options: {
      slide: await readSlide(fixture("slides/pages-lzw.tif"), { side: 224, patches: 2, overview: true, level: 0 })
    }
  }),
  "a schema": () => ({ prompt: "Tell me anything", options: { images: [film], schema, maxTokens: 150 } }),
  "a thought": () => ({ prompt: "Tell me anything", options: { images: [film], think: true, thoughtBudget: 12 } }),
  "every knob of the sampler": () => ({
    prompt: "Tell me anything",
    options: { images: [film], topK: 0, topP: 0.8, minP: 0.01, repeatPenalty: 1.3, stop: ["zzz"] }
  }),
  "no template": () => ({ prompt: "The film <start_of_image> shows", options: { images: [film], raw: true } })
};

/** As it comes from a file. */
const written = (request: AnswerRequest) => JSON.parse(JSON.stringify(request)) as AnswerRequest;

async function record({ prompt, options, system }: Question, seed: number): Promise<Answer> {
  await using chat = await medgemma.createChat({ system });
  return await chat.ask(prompt, { maxTokens: 30, temperature: 5, seed, ...options });
}

describe("a recorded question", () => {
  it("of every kind gets the same answer again, in every token", async () => {
    const answers: string[] = [];
    for (const [kind, question] of Object.entries(kinds)) {
      for (const seed of [1, 2, 3, 4]) {
        const first = await record(await question(seed), seed);
        await using chat = await medgemma.createChat({ system: first.request.system });
        const again = await chat.ask(written(first.request));
        expect(again.tokens, `${kind}, seed ${seed}`).toEqual(first.tokens);
        expect(again.request, kind).toEqual(first.request);
        expect(
          again.images.map(({ sha256, crops }) => ({ sha256, crops })),
          kind
        ).toEqual(first.images.map(({ sha256, crops }) => ({ sha256, crops })));
        answers.push(first.text);
      }
    }
    expect(answers.length).toBe(60);
    expect(new Set(answers).size, "seeds make other answers").toBeGreaterThan(40);
  });

  it("of bytes needs them again, and takes them", async () => {
    const bytes = readFileSync(film);
    const first = await record({ prompt: "Tell me anything", options: { images: [bytes] } }, 5);
    await using chat = await medgemma.createChat();
    await expect(chat.ask(first.request)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("as bytes, which the record does not hold") as string
    });
    expect((await chat.ask(first.request, { images: [bytes] })).tokens).toEqual(first.tokens);
  });

  it("shows other images as the record says", async () => {
    const first = await record({ prompt: "Tell me anything", options: { images: [film], fit: "stretch" } }, 1);
    await using chat = await medgemma.createChat();
    const { request, images } = await chat.ask(first.request, { images: [fixture("images/rgb-400x150.png")] });
    expect(request.images).toEqual([
      { source: fixture("images/rgb-400x150.png"), fit: "stretch", aspect: true, window: null, frame: null }
    ]);
    expect(images[0]?.sha256).not.toBe(first.images[0]?.sha256);
  });

  it("is refused by a chat with another system text", async () => {
    const first = await record({ prompt: "Tell me anything", system: "Be brief." }, 1);
    await using chat = await medgemma.createChat({ system: "Be long." });
    await expect(chat.ask(first.request)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("another system text") as string
    });
    expect(chat.turns).toEqual([]);
  });

  it("is refused where it is not whole, before anything is read", async () => {
    const { request } = await record({ prompt: "Tell me anything", options: { images: [film] } }, 1);
    await using chat = await medgemma.createChat();
    const wrong: readonly (readonly [string, unknown])[] = [
      ['has no "sampling"', { ...request, sampling: undefined }],
      ['has no "images"', { ...request, images: undefined }],
      ['has no "seed"', { ...request, sampling: { ...request.sampling, seed: undefined } }],
      ["temperature must be", { ...request, sampling: { ...request.sampling, temperature: -1 } }],
      ['"temprature"', { ...request, sampling: { ...request.sampling, temprature: 1 } }],
      ["Part 0 of the request's prompt", { ...request, prompt: [{ image: 1 }, "x"] }],
      ["each of its 1 images once", { ...request, prompt: ["x"] }],
      ["each of its 1 images once", { ...request, prompt: [{ image: 0 }, { image: 0 }] }],
      ["window must be", { ...request, images: [{ ...request.images[0], window: "bones" }] }],
      ["prompt must be", { ...request, prompt: "x" }]
    ];
    for (const [message, given] of wrong) {
      await expect(chat.ask(given as AnswerRequest), message).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message) as string
      });
    }
    await expect(chat.ask(request, { images: [] })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("shows 1 images, but 0 are given") as string
    });
    await expect(chat.ask(request, { maxTokens: 5 } as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("can be stopped while its images are read", async () => {
    const { request } = await record({ prompt: "Tell me anything", options: { images: [film, before] } }, 1);
    await using chat = await medgemma.createChat();
    const answer = await chat.ask(request, { signal: AbortSignal.abort() });
    expect(answer).toMatchObject({ stopReason: "aborted", tokens: [] });
  });
});

describe("repeatAnswer", () => {
  it("says that all tokens are the same, or where they part and what differs", async () => {
    const answer = await record({ prompt: "Tell me anything", options: { images: [film] } }, 3);
    const whole = { ...answer, model: medgemma.model, provenance: await medgemma.provenance() };
    expect((await repeatAnswer(medgemma, whole)).comparison).toEqual({
      isSame: true,
      sameTokens: answer.tokens.length,
      before: answer.tokens.length,
      after: answer.tokens.length,
      differences: []
    });
    const { comparison } = await repeatAnswer(medgemma, { ...whole, tokens: answer.tokens.slice(0, 4) });
    expect(comparison).toMatchObject({
      isSame: false,
      sameTokens: 4,
      before: 4,
      after: answer.tokens.length,
      differences: []
    });
    const other = await repeatAnswer(medgemma, whole, { images: [before] });
    expect(other.comparison).toMatchObject({ isSame: false, differences: [{ kind: "pixels", what: "image 1" }] });
  });
});
