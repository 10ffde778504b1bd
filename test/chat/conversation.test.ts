import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadMedGemma, type Chat, type ChatTurn, type MedGemma, type SquareImage } from "../../src/index.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { after, before, film } from "../demo-model.js";

const folder = temporaryFolder();
let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
});
afterAll(async () => await medgemma.dispose());

const newChat = async () => await medgemma.createChat();

/** Long: no answer ends by itself before these lists are full. */
const endless = {
  schema: { type: "array", minItems: 40, items: { type: "array", minItems: 40, items: { enum: [1, 2] } } },
  maxTokens: 3000
};

async function firstChunk(reply: AsyncIterable<unknown>): Promise<void> {
  for await (const _chunk of reply) return;
}

/** Question and answer of each exchange; images are ▣. */
function exchangesOf({ turns }: Chat): [string, string][] {
  const texts = turns.map((turn) => {
    if (turn.role === "assistant") return turn.text;
    return typeof turn.content === "string"
      ? turn.content
      : turn.content.map((part) => (typeof part === "string" ? part : "▣")).join("");
  });
  return Array.from({ length: texts.length / 2 }, (_one, index) => [
    (texts[2 * index] ?? "").replace(/^▣(?=Describe)/, ""),
    texts[2 * index + 1] ?? ""
  ]);
}

describe("a conversation", () => {
  it("decodes only what is new in its second turn", async () => {
    await using chat = await newChat();
    const first = await chat.ask("Describe the image.", { images: [film] });
    const second = await chat.ask("Is there a cross?");
    expect(second.text).toBe("Yes, at the middle center.");
    expect(second.images).toEqual([]);
    expect(second.usage.imageTokens).toBe(16);
    expect(second.usage.reusedTokens).toBeGreaterThanOrEqual(first.usage.promptTokens + first.tokens.length - 1);
    expect(exchangesOf(chat)).toEqual([
      ["Describe the image.", first.text],
      ["Is there a cross?", second.text]
    ]);
  });

  it("is not disturbed by another one in between", async () => {
    const alone = async () => {
      await using chat = await newChat();
      const texts = [(await chat.ask("Describe the image.", { images: [film] })).text];
      return [...texts, (await chat.ask("Is there a circle?")).text];
    };
    const expected = await alone();
    await using one = await newChat();
    await using other = await newChat();
    const texts = [(await one.ask("Describe the image.", { images: [film] })).text];
    await other.ask("Describe the image.", { images: [after] });
    texts.push((await one.ask("Is there a circle?")).text);
    expect(texts).toEqual(expected);
  });

  it("answers questions asked at once one after another", async () => {
    await using chat = await newChat();
    const replies = [chat.ask("Describe the image.", { images: [film] }), chat.ask("Is there a cross?")];
    const [first, second] = await Promise.all(replies);
    expect(second?.text).toBe("Yes, at the middle center.");
    expect(exchangesOf(chat).map(([, answer]) => answer)).toEqual([first?.text, second?.text]);
  });

  it("tells image A from image B of the same size", async () => {
    await using chat = await newChat();
    const a = await chat.ask("Describe the image.", { images: [before] });
    await chat.reset();
    const b = await chat.ask("Describe the image.", { images: [after] });
    expect(b.text).not.toBe(a.text);
  });

  it("forgets its turns with reset, and keeps the system text", async () => {
    await using chat = await medgemma.createChat({ system: "Answer with a digit." });
    expect((await chat.ask("How many shapes are there?", { images: [film] })).text).toBe("3");
    await chat.reset();
    expect(chat.turns).toEqual([]);
    expect((await chat.ask("How many shapes are there?", { images: [film] })).text).toBe("3");
    chat.system = "Answer with one word.";
    await chat.reset();
    expect((await chat.ask("Is there a cross?", { images: [film] })).text).toBe("Yes");
  });

  it("crosses the sliding window many times and still knows its first image", async () => {
    await using chat = await newChat();
    await chat.ask("Describe the image.", { images: [film] });
    const answers: string[] = [];
    for (let turn = 0; turn < 12; turn += 1)
      answers.push((await chat.ask(turn % 2 === 0 ? "Is there a cross?" : "Is there a square?")).text);
    expect(exchangesOf(chat)).toHaveLength(13);
    expect(answers.slice(-2)).toEqual(["Yes, at the middle center.", "No."]);
  });

  it("refuses a question longer than its context with CONTEXT_FULL, and answers the next one", async () => {
    await using chat = await newChat();
    await expect(chat.ask("word ".repeat(5000))).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    expect((await chat.ask("Describe the image.", { images: [film] })).text).toContain("cross");
  });

  it("refuses JSON that outgrows its context with SCHEMA_INVALID, after its last token, and answers the next question", async () => {
    await using small = await loadMedGemma("demo", { gpu: "off", contextSize: 256 });
    await using chat = await small.createChat();
    const failure: unknown = await chat.ask("Count.", { schema: endless.schema, maxTokens: 3000, think: false }).then(
      () => null,
      (error: unknown) => error
    );
    expect(failure).toMatchObject({ code: "SCHEMA_INVALID" });
    const written = Number(/cut off after (\d+) tokens/.exec((failure as Error).message)?.[1]);
    expect(written).toBeGreaterThan(200); // the prompt takes the others of the 256
    expect(written).toBeLessThan(256);
    await chat.reset();
    expect((await chat.ask("Describe the image.", { images: [film] })).text).toContain("cross");
  });
});

describe("turns", () => {
  it("give the same answer when they are taken back and asked again", async () => {
    await using chat = await newChat();
    await chat.ask("Describe the image.", { images: [film] });
    const first = await chat.ask("Is there a cross?");
    expect(await chat.rewind()).toBe(1);
    expect(exchangesOf(chat)).toHaveLength(1);
    expect((await chat.ask("Is there a cross?")).tokens).toEqual(first.tokens);
    expect(await chat.rewind(9)).toBe(2);
    expect(await chat.rewind()).toBe(0);
  });

  it("are answered again, with their images and other options", async () => {
    await using chat = await newChat();
    await expect(chat.regenerate()).rejects.toThrow("There is no question to answer again.");
    const first = await chat.ask("Describe the image.", { images: [film] });
    const short = await chat.regenerate({ maxTokens: 3 });
    expect(short.tokens).toEqual(first.tokens.slice(0, 3));
    expect(short.images).toEqual([{ ...first.images[0], cached: true, encodeMs: 0 }]);
    expect(short.usage.promptTokens).toBe(first.usage.promptTokens);
    expect((await chat.regenerate()).tokens).toEqual(first.tokens);
    expect(exchangesOf(chat)).toHaveLength(1);
    const failed = chat.regenerate({ signal: AbortSignal.abort() });
    expect((await failed).stopReason).toBe("aborted");
    expect(exchangesOf(chat)).toEqual([["Describe the image.", first.text]]);
    expect((await chat.ask("Is there a cross?")).text).toBe("Yes, at the middle center.");
  });

  it("go their own ways in a fork", async () => {
    await using chat = await medgemma.createChat({ system: "Be brief." });
    await chat.ask("Describe the image.", { images: [film] });
    await using branch = await chat.fork();
    const left = await chat.ask("Is there a cross?");
    const right = await branch.ask("Is there a cross?");
    expect(right.tokens).toEqual(left.tokens);
    await chat.dispose(); // the branch keeps the image
    await branch.ask("Is there a circle?");
    expect(exchangesOf(branch)).toHaveLength(3);
    expect(branch.system).toBe("Be brief.");
  });

  it("may have images between their texts", async () => {
    await using chat = await newChat();
    const { images, usage } = await chat.ask(["First:", { image: before }, "then:", { image: after }, "What changed?"]);
    expect(images.map(({ source }) => source)).toEqual([before, after]);
    expect(usage.imageTokens).toBe(32);
    expect(exchangesOf(chat)[0]?.[0]).toBe("First:▣then:▣What changed?");
    await using same = await newChat();
    const parts = await same.ask([{ image: before }, { image: after }, "What changed?"]);
    await using plain = await newChat();
    expect((await plain.ask("What changed?", { images: [before, after] })).tokens).toEqual(parts.tokens);
  });
});

describe("a conversation that outgrows its context", () => {
  const long = "How many shapes are there? ".repeat(8);
  const small = async () => await loadMedGemma("demo", { gpu: "off", contextSize: 512 });

  it("sends its oldest turns no more, and says how many", async () => {
    await using model = await small();
    await using chat = await model.createChat({ system: "Answer with a digit." });
    const dropped: number[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      const { usage, stopReason } = await chat.ask(long, { images: [turn % 2 === 0 ? film : before], maxTokens: 20 });
      expect(stopReason).not.toBe("aborted");
      expect(usage.promptTokens).toBeLessThan(512);
      dropped.push(usage.droppedTurns);
    }
    expect(dropped[0]).toBe(0);
    expect(dropped.at(-1)).toBeGreaterThan(2);
    expect(exchangesOf(chat)).toHaveLength(8);
  });

  it("then answers as a fresh run on what is left", async () => {
    await using model = await small();
    await using chat = await model.createChat();
    let last = await chat.ask(long, { images: [film], maxTokens: 20 });
    for (let turn = 0; turn < 5; turn += 1) last = await chat.ask(long, { images: [before], maxTokens: 20 });
    const kept = 5 - last.usage.droppedTurns;
    await using fresh = await model.createChat();
    for (let turn = 0; turn < kept; turn += 1) await fresh.ask(long, { images: [before], maxTokens: 20 });
    const again = await fresh.ask(long, { images: [before], maxTokens: 20 });
    expect(again.usage.promptTokens).toBe(last.usage.promptTokens);
    expect(again.tokens).toEqual(last.tokens);
  });

  it("is an error where the caller wants that", async () => {
    await using model = await small();
    await using chat = await model.createChat({ overflow: "error" });
    const fill = async () => {
      for (let turn = 0; turn < 20; turn += 1) await chat.ask(long, { maxTokens: 20 });
    };
    await expect(fill()).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    expect(exchangesOf(chat).length).toBeGreaterThan(2);
  });
});

describe("several conversations at once", () => {
  const questions = [film, before, after, film];
  const talk = async (model: MedGemma, image: string) => {
    await using chat = await model.createChat();
    const first = await chat.ask("Describe the image.", { images: [image] });
    const second = await chat.ask("Is there a cross?");
    return [first.tokens, second.tokens];
  };

  it("give the same tokens as one after another", async () => {
    await using model = await loadMedGemma("demo", { gpu: "off", parallel: 3 });
    const oneByOne = [];
    for (const image of questions) oneByOne.push(await talk(model, image));
    expect(await Promise.all(questions.map((image) => talk(model, image)))).toEqual(oneByOne);
    expect(await talk(medgemma, film)).toEqual(oneByOne[0]);
  });

  it("keep what they hold: a conversation goes on in its own sequence", async () => {
    await using model = await loadMedGemma("demo", { gpu: "off", parallel: 2 });
    await using one = await model.createChat();
    await using other = await model.createChat();
    const first = await one.ask("Describe the image.", { images: [film] });
    await other.ask("Describe the image.", { images: [before] });
    const { usage } = await one.ask("Is there a cross?");
    expect(usage.reusedTokens).toBeGreaterThanOrEqual(first.usage.promptTokens + first.tokens.length - 1);
  });

  it("are not disturbed when one of them is stopped", async () => {
    await using model = await loadMedGemma("demo", { gpu: "off", parallel: 2 });
    const expected = await talk(model, film);
    for (let round = 0; round < 20; round += 1) {
      await using stopped = await model.createChat();
      const reply = stopped.ask("Count.", endless);
      const running = talk(model, film);
      await firstChunk(reply);
      // At all stages of the other one: while its image is decoded, its text, its answer.
      await new Promise((resolve) => setTimeout(resolve, 3 * round));
      reply.abort();
      expect((await reply).stopReason).toBe("aborted");
      expect(await running).toEqual(expected);
    }
  });
});

describe("a failed question leaves no trace", () => {
  it("when an image is missing, and none of the others was encoded", async () => {
    await using chat = await newChat();
    let encoded = 0;
    const options = { images: [film, "nowhere.png"], onProgress: () => (encoded += 1) };
    await expect(chat.ask("Describe the image.", options)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    expect(encoded).toBe(0);
    expect(chat.turns).toEqual([]);
    expect((await chat.ask("Describe the image.", { images: [film] })).text).toContain("cross");
  });

  it("when a progress listener throws", async () => {
    await using chat = await newChat();
    for (const stage of ["encode", "prefill", "generate"]) {
      const onProgress = (progress: { stage: string }) => {
        if (progress.stage === stage) throw new Error(`no ${stage}`);
      };
      // Its own pixels, so that it really is encoded.
      const rgb = new Uint8Array(64 * 64 * 3).fill(stage.length);
      const images = [{ source: stage, width: 64, height: 64, rgb }];
      await expect(chat.ask("Describe the image.", { images, onProgress })).rejects.toThrow(`no ${stage}`);
    }
    expect(chat.turns).toEqual([]);
    expect((await chat.ask("Describe the image.", { images: [film] })).text).toContain("cross");
  });

  it.each([
    ["prompt", 5 as unknown as string, {}],
    ["maxTokens", "x", { maxTokens: 0 }],
    ["maxTokens", "x", { maxTokens: 1.5 }],
    ["temperature", "x", { temperature: Number.NaN }],
    ["temperature", "x", { temperature: -1 }],
    ["prompt", [5] as unknown as string, {}],
    ["thoughtBudget", "x", { thoughtBudget: -1 }],
    ["seed", "x", { seed: -1 }],
    ["fit", "x", { fit: "crop" as "pad" }],
    ["images", "x", { images: "film.png" as unknown as string[] }],
    ["schema", "x", { schema: null as unknown as object }]
  ])("when %s is wrong", async (name, prompt, options) => {
    await using chat = await newChat();
    const reply = chat.ask(prompt, options);
    await expect(reply).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(name) as string
    });
  });
});

describe("a stopped question", () => {
  it("keeps what was said, and the conversation goes on", async () => {
    await using chat = await newChat();
    await chat.ask("Describe the image.", { images: [film] });
    const reply = chat.ask("Count.", endless);
    await firstChunk(reply);
    reply.abort();
    const { stopReason, text, value } = await reply;
    expect({ stopReason, value }).toEqual({ stopReason: "aborted", value: undefined });
    expect(text.startsWith("[")).toBe(true);
    expect(chat.turns.slice(2)).toMatchObject([
      { role: "user", content: ["Count."] },
      { role: "assistant", text, stopReason: "aborted" }
    ]);
    expect((await chat.ask("Is there a cross?")).stopReason).toBe("end");
  });

  it("is stopped by a signal as well", async () => {
    await using chat = await newChat();
    const controller = new AbortController();
    const reply = chat.ask("Count.", { ...endless, signal: controller.signal });
    await firstChunk(reply);
    controller.abort();
    expect((await reply).stopReason).toBe("aborted");
  });

  it("before its first word is as if it had not been asked", async () => {
    await using chat = await newChat();
    const reply = chat.ask("Describe the image.", { images: [film], signal: AbortSignal.abort() });
    expect(await reply).toMatchObject({ text: "", tokens: [], stopReason: "aborted" });
    expect(chat.turns).toEqual([]);
  });

  it("while its image is encoded ends there", async () => {
    await using chat = await newChat();
    const rgb = new Uint8Array(64 * 64 * 3).fill(77);
    const layers: number[] = [];
    const reply = chat.ask("Describe the image.", {
      images: [{ source: "gray", width: 64, height: 64, rgb }],
      onProgress: (progress) => {
        if (progress.stage === "encode" && layers.push(progress.layer) === 1) reply.abort();
      }
    });
    expect(await reply).toMatchObject({ text: "", stopReason: "aborted" });
    expect(layers.length).toBeLessThan(4);
    expect((await chat.ask("Describe the image.", { images: [film] })).text).toContain("cross");
  });

  it("does not stop the one that waits behind it", async () => {
    await using chat = await newChat();
    const long = chat.ask("Count.", endless);
    const next = chat.ask("Describe the image.", { images: [film] });
    await firstChunk(long);
    long.abort();
    expect((await next).stopReason).toBe("end");
  });
});

function modelsOf({ turns }: Chat): (string | undefined)[] {
  return turns.flatMap((turn) => (turn.role === "assistant" ? [turn.model] : []));
}

/** Turns with the hash of each image in place of its pixels. */
function shown(turns: readonly ChatTurn[]): unknown[] {
  return turns.map((turn) => {
    if (turn.role === "assistant" || typeof turn.content === "string") return turn;
    const hashed = ({ rgb, ...others }: SquareImage) => ({
      ...others,
      rgb: createHash("sha256").update(rgb).digest("hex")
    });
    return {
      ...turn,
      content: turn.content.map((part) => (typeof part === "string" ? part : hashed(part.image as SquareImage)))
    };
  });
}

describe("a saved conversation", () => {
  const twoTurns = async (): Promise<Chat> => {
    const chat = await medgemma.createChat({ system: "Be brief." });
    await chat.ask("Describe the image.", { images: [film] });
    await chat.ask("Is there a circle?");
    return chat;
  };

  it("goes on with its images as if it had never ended", async () => {
    const path = join(folder, "talk.json");
    await using chat = await twoTurns();
    await chat.save(path);
    const expected = await chat.ask("Is there a cross?");
    await using loaded = await medgemma.loadChat(path);
    expect(loaded.system).toBe("Be brief.");
    expect(shown(loaded.turns)).toEqual(
      shown(chat.turns.slice(0, 4).map((turn) => (turn.role === "assistant" ? { ...turn, model: "demo" } : turn)))
    );
    expect(modelsOf(chat)).toEqual([undefined, undefined, undefined]);
    expect(modelsOf(loaded)).toEqual(["demo", "demo"]);
    const { tokens } = await loaded.ask("Is there a cross?");
    expect(tokens).toEqual(expected.tokens);
  });

  it("is a file for its owner only, and replaces the older one whole", async () => {
    const path = join(folder, "again.json");
    await using chat = await twoTurns();
    await chat.save(path);
    await chat.ask("Is there a cross?");
    await chat.save(path);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    await using loaded = await medgemma.loadChat(path);
    expect(exchangesOf(loaded)).toHaveLength(3);
  });

  it.each([
    ["is missing", null],
    ["is no JSON", "{"],
    ["is other JSON", "[]"],
    [
      "is of a later version",
      JSON.stringify({ format: "medgemma-local conversation", version: 99, system: null, turns: [] })
    ],
    [
      "has a broken turn",
      JSON.stringify({ format: "medgemma-local conversation", version: 1, system: null, turns: [{ content: 1 }] })
    ]
  ])("is refused when it %s", async (_what, content) => {
    const path = join(folder, "broken.json");
    if (content !== null) writeFileSync(path, content);
    await expect(medgemma.loadChat(path)).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
  });

  it("is refused when its picture is damaged or of another tower", async () => {
    const path = join(folder, "whole.json");
    await using chat = await twoTurns();
    await chat.save(path);
    const whole = JSON.parse(readFileSync(path, "utf8")) as { turns: { content: { png: string }[] }[] };
    const image = whole.turns[0]?.content[0];
    if (image === undefined) throw new Error("the image was not saved");
    image.png = image.png.slice(0, image.png.length / 2);
    writeFileSync(path, JSON.stringify(whole));
    await expect(medgemma.loadChat(path)).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
  });
});
