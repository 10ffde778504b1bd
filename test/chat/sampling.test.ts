/** How an answer is sampled, and where it ends: stop texts, the sampler's numbers, the probability of each token, turns at the model. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadParts } from "../../src/loading/load.js";
import { loadMedGemma, type Answer, type AskOptions, type Chat, type MedGemma } from "../../src/index.js";

const film = fileURLToPath(new URL("../../models/demo/examples/film.png", import.meta.url));
const question = "Describe the image.";

let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", parallel: 1 });
});
afterAll(async () => {
  await medgemma.dispose();
});

async function ask(options: AskOptions = {}): Promise<Answer> {
  await using chat = await medgemma.createChat();
  return await chat.ask(question, { images: [film], ...options });
}

describe("stop", () => {
  let whole: Answer;
  beforeAll(async () => {
    whole = await ask();
  });

  it.each([
    ["a word", () => "circle"],
    ["a part of a word", () => "ircl"],
    ["a text over several tokens", () => whole.text.slice(5, 25)],
    ["the first letter", () => whole.text.slice(0, 1)],
    ["the last letter", () => whole.text.slice(-1)]
  ])("ends the answer in front of %s, and never shows it", async (_what, stopOf) => {
    const stop = stopOf();
    const expected = whole.text.slice(0, whole.text.indexOf(stop));
    await using chat = await medgemma.createChat();
    const reply = chat.ask(question, { images: [film], stop: [stop] });
    let shown = "";
    for await (const { text } of reply) shown += text;
    const answer = await reply;
    expect(answer).toMatchObject({ text: expected, stopReason: "stop" });
    expect(shown).toBe(expected);
    expect(answer.tokens).toEqual(whole.tokens.slice(0, answer.tokens.length));
    expect(answer.request.sampling.stop).toEqual([stop]);
  });

  it("takes the first of several", async () => {
    const [, first = "", second = ""] = whole.text.split(" ");
    expect((await ask({ stop: [second, first] })).text).toBe(whole.text.slice(0, whole.text.indexOf(first)));
  });

  it("changes nothing where the text does not come, nor where its beginning does", async () => {
    const { text, stopReason } = await ask({
      stop: [`${whole.text.slice(0, 12)}XYZ`, `${whole.text.slice(-4)}and more`, "zebra"]
    });
    expect({ text, stopReason }).toEqual({ text: whole.text, stopReason: "end" });
  });

  it("is refused beside a schema, which would be cut", async () => {
    await expect(ask({ stop: ["}"], schema: { type: "object" } })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("the sampler", () => {
  it.each<[string, AskOptions]>([
    ["topK 1", { topK: 1 }],
    ["topP 0", { topP: 0 }],
    ["minP 1", { minP: 1 }]
  ])("with %s is greedy at any temperature", async (_what, options) => {
    const greedy = await ask();
    const answer = await ask({ temperature: 5, seed: 3, ...options });
    expect(answer.tokens).toEqual(greedy.tokens);
    expect(answer.request.sampling).toMatchObject({ temperature: 5, seed: 3, ...options });
  });

  it("with a temperature and all tokens strays from the greedy answer", async () => {
    const stray = { temperature: 5, topK: 0, topP: 1, seed: 3, maxTokens: 20 };
    const answer = await ask(stray);
    expect(answer.tokens).not.toEqual((await ask()).tokens.slice(0, answer.tokens.length));
    expect((await ask(stray)).tokens).toEqual(answer.tokens);
  });

  it("with a repeat penalty repeats less, and with one below 1 more", async () => {
    const repeats = async (repeatPenalty: number): Promise<number> => {
      const { tokens } = await ask({ repeatPenalty, maxTokens: 20 });
      return tokens.length - new Set(tokens).size;
    };
    const plain = await repeats(1);
    expect(await repeats(4)).toBeLessThan(plain);
    expect(await repeats(0.2)).toBeGreaterThan(plain);
  });

  it("records Gemma's numbers where nothing is said", async () => {
    expect((await ask({ temperature: 0.7 })).request.sampling).toMatchObject({
      temperature: 0.7,
      topK: 64,
      topP: 0.95,
      minP: 0,
      repeatPenalty: 1,
      stop: [],
      maxTokens: 1024
    });
  });
});

describe("logprobs", () => {
  it("are the logarithms of the softmax over the logits at each place", async () => {
    const { tokens, logprobs = [], text } = await ask({ logprobs: 3 });
    expect(logprobs.map(({ token }) => token)).toEqual(tokens);
    expect(logprobs.map((each) => each.text).join("")).toContain(text);
    for (const { logprob, token, top } of logprobs) {
      // Greedy: what was taken is the likeliest.
      expect(top[0]).toEqual(expect.objectContaining({ token, logprob }));
      expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).sort((a, b) => b - a));
      expect(top).toHaveLength(3);
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it("equal those of the whole prompt read at once", async () => {
    const { parts } = await loadParts("demo", { gpu: "off" });
    try {
      const { language } = parts;
      const prompt = language.renderPrompt(null, [{ user: ["Hello."], answer: null }]);
      await using chat = await medgemma.createChat();
      const { tokens, logprobs = [] } = await chat.ask("Hello.", { logprobs: 2, maxTokens: 12 });
      const logits = await language.readLogits([...prompt, ...(tokens as typeof prompt)], prompt.length - 1);
      for (const [index, { token, logprob }] of logprobs.entries()) {
        const row = [...(logits.get(prompt.length - 1 + index) ?? [])];
        const sum = row.reduce((total, logit) => total + Math.exp(logit), 0);
        expect(logprob).toBeCloseTo((row[token] ?? Number.NaN) - Math.log(sum), 3);
      }
      expect(logprobs.length).toBe(tokens.length);
    } finally {
      await parts.vision?.dispose();
      await parts.language.dispose();
    }
  });

  it("leave the thought out, and are none where nobody asks", async () => {
    const { thought, logprobs = [], text } = await ask({ think: true, logprobs: 0 });
    expect(thought).not.toBeNull();
    expect(logprobs.map((each) => each.text).join("")).toContain(text);
    expect(logprobs.every(({ top }) => top.length === 0)).toBe(true);
    expect(await ask()).not.toHaveProperty("logprobs");
  });

  it("are those of the model under a schema too, which takes what the model would not", async () => {
    const { logprobs = [], tokens } = await ask({
      schema: { type: "object", properties: { colour: { type: "string", enum: ["blue"] } }, required: ["colour"] },
      logprobs: 1
    });
    expect(logprobs.map(({ token }) => token)).toEqual(tokens);
    expect(logprobs.some(({ token, top }) => top[0]?.token !== token)).toBe(true);
  });
});

describe("turns at the model", () => {
  it("go to the greatest priority, then to the first, and each is told how many are in front", async () => {
    const [running, first, second, urgent] = (await Promise.all([1, 2, 3, 4].map(() => medgemma.createChat()))) as [
      Chat,
      Chat,
      Chat,
      Chat
    ];
    const ended: string[] = [];
    const ahead: Record<string, (number | undefined)[]> = {};
    const start = (name: string, chat: Chat, options: AskOptions) => {
      return chat
        .ask("Count.", {
          maxTokens: 8,
          ...options,
          onProgress: (progress) => {
            if (progress.stage === "waiting") (ahead[name] ??= []).push(progress.ahead);
          }
        })
        .then(() => ended.push(name));
    };
    await new Promise<void>((resolve) => {
      void start("running", running, { maxTokens: 400, temperature: 9, seed: 1, topK: 0, topP: 1 });
      setTimeout(resolve, 50);
    });
    const others = [start("first", first, {}), start("second", second, {})];
    await new Promise((resolve) => setTimeout(resolve, 20));
    others.push(start("urgent", urgent, { priority: 5 }));
    await Promise.all(others);
    expect(ended).toEqual(["running", "urgent", "first", "second"]);
    expect(ahead.urgent).toEqual([0]);
    expect(ahead.first?.at(0)).toBe(0);
    expect(ahead.first).toContain(1); // overtaken
    expect(ahead.second?.slice(-1)).toEqual([0]);
    await Promise.all([running, first, second, urgent].map((chat) => chat.dispose()));
  });
});

describe("countTokens", () => {
  const long = { source: "long", width: 400, height: 100, rgb: new Uint8Array(400 * 100 * 3) };
  it.each<[string, Parameters<MedGemma["countTokens"]>[0], AskOptions & { readonly system?: string }]>([
    ["a text", "Hello.", {}],
    ["a text with a system text", "Hello.", { system: "Answer with a digit." }],
    ["a thought that is asked for", "Hello.", { think: true }],
    ["images in front", "What changed?", { images: [film, film] }],
    ["images between texts", ["First:", { image: film }, "then:", { image: film }, "Compare."], {}],
    ["crops", "Describe.", { images: [long], fit: "crops" }],
    ["a raw prompt", "The film shows", { images: [film], raw: true }]
  ])("is the number of tokens that the answer reports, for %s", async (_what, prompt, options) => {
    const { system, ...asked } = options;
    await using chat = await medgemma.createChat({ system });
    const { usage } = await chat.ask(prompt, { ...asked, maxTokens: 1 });
    expect(await medgemma.countTokens(prompt, options)).toBe(usage.promptTokens);
  });

  it("refuses what ask refuses", async () => {
    await expect(medgemma.countTokens("x", { imagse: [] } as unknown as AskOptions)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT"
    });
    await expect(medgemma.countTokens(undefined as unknown as string)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT"
    });
  });
});
