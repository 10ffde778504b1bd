/** What has room in the context: told before the slow part, cut in time that grows with the conversation and no faster. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConversationPrompt, type CountedTurn } from "../../src/chat/conversation-prompt.js";
import { loadParts } from "../../src/loading/load.js";
import {
  composePrompt,
  loadMedGemma,
  loadPreset,
  presetOptions,
  readSeries,
  readSlide,
  type DecodedImage,
  type MedGemma,
  type ReplyProgress
} from "../../src/index.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { film } from "../demo-model.js";
import { tiny27b, writeProjectorOf256Tokens, writeTinyText } from "../tiny-gguf.js";

const folder = temporaryFolder();
const fixtures = new URL("../fixtures/", import.meta.url).pathname;
let medgemma: MedGemma;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", contextSize: 512, imageCache: { maxBytes: 0 } });
});
afterAll(async () => await medgemma.dispose());

function gray(level: number): DecodedImage {
  return { source: `gray ${level}`, width: 8, height: 8, rgb: new Uint8Array(192).fill(level) };
}

/** All that `onProgress` is told. */
function listener() {
  const heard: ReplyProgress[] = [];
  return { heard, onProgress: (progress: ReplyProgress) => void heard.push(progress) };
}

const encodes = (heard: readonly ReplyProgress[]) => heard.filter(({ stage }) => stage === "encode");

describe("too many images", () => {
  const images = Array.from({ length: 30 }, (_, index) => gray(index));

  it.each([
    [
      "in a list",
      async (onProgress: (progress: ReplyProgress) => void) =>
        await (await medgemma.createChat()).ask("Describe.", { images, onProgress })
    ],
    [
      "between texts",
      async (onProgress: (progress: ReplyProgress) => void) =>
        await (
          await medgemma.createChat()
        ).ask(
          images.flatMap((image) => [{ image }, "and"]),
          { onProgress }
        )
    ],
    [
      "with crops",
      async (onProgress: (progress: ReplyProgress) => void) => {
        const long = { source: "long", width: 1600, height: 400, rgb: new Uint8Array(1_920_000) };
        return await (
          await medgemma.createChat()
        ).ask("Describe.", { images: Array.from({ length: 12 }, () => long), fit: "crops", onProgress });
      }
    ]
  ])("are CONTEXT_FULL before one is encoded: %s", async (_, ask) => {
    const { heard, onProgress } = listener();
    await expect(ask(onProgress)).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    expect(encodes(heard)).toEqual([]);
  });

  it("are told with what would fit, and that fits", async () => {
    await using chat = await medgemma.createChat();
    const error: unknown = await chat.ask("Describe.", { images, maxTokens: 8 }).then(null, (one: unknown) => one);
    const { message } = error as Error;
    expect(message).toMatch(
      /needs [\d,]+ tokens and room for an answer; the context holds 512\. Of its 30 images \d+ would fit/
    );
    const [, fitting, contextSize] = /images (\d+) would fit.*contextSize (\d+)/.exec(message) ?? [];
    const answer = await chat.ask("Describe.", { images: images.slice(0, Number(fitting)), maxTokens: 8 });
    expect(answer.images).toHaveLength(Number(fitting));
    await expect(
      chat.ask("Describe.", { images: images.slice(0, Number(fitting) + 1), maxTokens: 8 })
    ).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    await using larger = await loadMedGemma("demo", { gpu: "off", contextSize: Number(contextSize) });
    expect((await (await larger.createChat()).ask("Describe.", { images, maxTokens: 8 })).images).toHaveLength(30);
  });
});

describe("a loaded conversation", () => {
  const path = join(folder, "long.json");

  async function save(count: number, overflow: "dropOldest" | "error"): Promise<void> {
    await using chat = await medgemma.createChat({ overflow });
    for (let index = 0; index < 3; index += 1)
      await chat.ask("Describe the image.", { images: [gray(index * 70)], maxTokens: 4 });
    await chat.save(path);
    const saved = JSON.parse(readFileSync(path, "utf8")) as { turns: unknown[] };
    saved.turns = Array.from({ length: count }, (_, index) => saved.turns[index % 3]);
    writeFileSync(path, JSON.stringify(saved));
  }

  it("encodes what it sends, once, with progress and the time it took", async () => {
    await save(30, "dropOldest");
    await using chat = await medgemma.loadChat(path);
    const { heard, onProgress } = listener();
    const { usage, timings, images } = await chat.ask("And this?", { images: [gray(250)], maxTokens: 4, onProgress });
    expect(usage.droppedTurns).toBeGreaterThan(10);
    expect(usage.imageTokens).toBe((30 - usage.droppedTurns + 1) * 16);
    // Three pictures again and again, and the new one: each once, numbered through.
    expect(
      new Set(
        encodes(heard).map((one) =>
          JSON.stringify([(one as { image: number }).image, (one as { images: number }).images])
        )
      )
    ).toEqual(new Set(["[1,4]", "[2,4]", "[3,4]", "[4,4]"]));
    expect(timings.encodeMs).toBeGreaterThan(images[0]?.encodeMs ?? Infinity);
    const second = listener();
    expect((await chat.ask("And now?", { maxTokens: 4, onProgress: second.onProgress })).timings.encodeMs).toBe(0);
    expect(encodes(second.heard)).toEqual([]);
  });

  it("keeps what happens when it gets too long", async () => {
    await save(30, "error");
    await using chat = await medgemma.loadChat(path);
    const { heard, onProgress } = listener();
    await expect(chat.ask("And now?", { onProgress })).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    expect(encodes(heard)).toEqual([]);
  });

  it("from before that was written down drops the oldest; a wrong word is damage, no file is FILE_UNUSABLE", async () => {
    await save(1, "error");
    const saved = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const { overflow: _, ...old } = saved;
    writeFileSync(path, JSON.stringify(old));
    await using chat = await medgemma.loadChat(path);
    for (let index = 0; index < 20; index += 1) await chat.ask("Count.", { maxTokens: 40 });
    expect(chat.turns).toHaveLength(2 * 21);
    writeFileSync(path, JSON.stringify({ ...saved, overflow: "never" }));
    await expect(medgemma.loadChat(path)).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    await expect(medgemma.loadChat(join(folder, "nothing.json"))).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
  });
});

describe("a long history", () => {
  /** Counts the texts that are tokenised, by a language model that does nothing else. */
  function counting(contextSize: number) {
    const rendered: string[] = [];
    const language = {
      contextSize,
      longestPiece: 8,
      special: { bos: 2 },
      // eslint-disable-next-line require-yield -- each turn is short
      *renderInSteps(
        system: string | null,
        turns: readonly { readonly user: readonly unknown[]; readonly answer: string | null }[]
      ) {
        const text = [system ?? "", ...turns.flatMap(({ user, answer }) => [...user.map(String), answer ?? ""])].join(
          " "
        );
        rendered.push(text);
        return [2, ...Array.from(text, (_, index) => index + 10)];
      }
    };
    return { rendered, prompt: new ConversationPrompt(language as never, 0) };
  }

  const turnsOf = (count: number): CountedTurn[] =>
    Array.from({ length: count }, (_, index) => ({ parts: [`question ${index}`], answer: "x".repeat(80) }));
  const question: CountedTurn = { parts: ["now"], answer: null };
  const options = { maxTokens: 100, overflow: "dropOldest", signal: new AbortController().signal } as const;

  it("is tokenised from its end, as far as the context reaches, and each turn once", async () => {
    const { rendered, prompt } = counting(2000);
    const turns = turnsOf(20_000);
    const dropped = await prompt.fit("system", turns, question, options);
    expect(dropped).toBeGreaterThan(19_980);
    expect(rendered.length).toBeLessThan(60);
    const before = rendered.length;
    expect(await prompt.fit("system", turns.slice(dropped), { parts: ["next"], answer: null }, options)).toBe(0);
    expect(rendered.length - before).toBeLessThan(4);
  });

  it("with a question of megabytes is refused before one text is tokenised", async () => {
    const { rendered, prompt } = counting(2000);
    await expect(
      prompt.fit(null, turnsOf(10), { parts: ["word ".repeat(4000)], answer: null }, options)
    ).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    expect(rendered).toEqual([]);
  });

  it("lets others run meanwhile, and stops at once", async () => {
    const { prompt } = counting(10_000_000);
    const stop = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks === 3) stop.abort();
    }, 1);
    const counted = prompt.fit(null, turnsOf(60_000), question, { ...options, signal: stop.signal });
    await expect(counted).rejects.toMatchObject({ code: "ABORTED" });
    clearInterval(timer);
    expect(ticks).toBe(3);
  });

  it("has the same prompt as if it were rendered at once", async () => {
    const { parts } = await loadParts("demo", { gpu: "off" });
    try {
      const { language, vision } = parts;
      const perImage = vision?.facts.tokensPerImage ?? 0;
      const ids = (first: number) =>
        Array.from({ length: perImage }, (_, index) => 2 ** 30 + first + index) as unknown as ReturnType<
          typeof language.addImage
        >;
      const [a, b, c] = [ids(0), ids(1000), ids(2000)];
      const first: CountedTurn = { parts: [" A\n", { squares: 1 }, "\n\nB "], answer: " yes\n" };
      const second: CountedTurn = { parts: [{ squares: 2 }], answer: "" };
      const last: CountedTurn = { parts: ["C", { squares: 1 }], answer: null };
      for (const system of [null, "", "Be brief.\n"]) {
        const whole = language.renderPrompt(system, [
          { user: [" A\n", a, "\n\nB "], answer: " yes\n" },
          { user: [{ whole: b, crops: [c] }], answer: "" },
          { user: ["C", a], answer: null }
        ]);
        const prompt = new ConversationPrompt(language, perImage);
        expect(
          await prompt.render(
            system,
            [
              [first, [a]],
              [second, [b, c]]
            ],
            [last, [a]],
            options.signal
          )
        ).toEqual(whole);
      }
    } finally {
      await parts.vision?.dispose();
      await parts.language.dispose();
    }
  });
});

describe("a picture that waits for the tower", () => {
  it("says so before it is encoded", async () => {
    const pictures = Array.from({ length: 40 }, (_, index) => ({
      source: `gray ${index}`,
      width: 8,
      height: 8,
      rgb: new Uint8Array(192).fill(index + 100)
    }));
    const { heard, onProgress } = listener();
    let second: Promise<unknown> | undefined;
    const first = medgemma.encode(pictures.slice(1), {
      onProgress: () => {
        second ??= medgemma.encode(pictures.slice(0, 1), { onProgress });
      }
    });
    await first;
    await second;
    expect(heard.map(({ stage }) => stage).filter((stage, index, all) => stage !== all[index - 1])).toEqual([
      "waiting",
      "encode"
    ]);
  });
});

describe("a question that waits for another", () => {
  it("says so, then what it does; a stop ends its waiting", async () => {
    await using one = await medgemma.createChat();
    await using other = await medgemma.createChat();
    const first = one.ask("Count.", {
      schema: { type: "array", items: { enum: [1] }, minItems: 60, maxItems: 60 },
      maxTokens: 400
    });
    for await (const _ of first) break;
    const [across, within, stopped] = [listener(), listener(), listener()];
    const second = other.ask("Describe the image.", { images: [film], maxTokens: 4, onProgress: across.onProgress });
    const third = one.ask("Count.", { maxTokens: 2, onProgress: within.onProgress });
    await using third_ = await medgemma.createChat();
    const stop = new AbortController();
    const onProgress = (progress: ReplyProgress): void => {
      stopped.onProgress(progress);
      stop.abort();
    };
    expect((await third_.ask("Count.", { onProgress, signal: stop.signal })).stopReason).toBe("aborted");
    expect(stopped.heard).toEqual([{ stage: "waiting", ahead: 0 }]);
    await Promise.all([first, second, third]);
    expect(across.heard.map(({ stage }) => stage).filter((stage) => stage !== "encode")).toEqual([
      "waiting",
      "prefill",
      "generate"
    ]);
    expect(within.heard[0]).toEqual({ stage: "waiting" });
  });
});

describe("a series or a slide in a question", () => {
  it("is shown with its numbers and noted; beside images of the question only noted", async () => {
    const series = await readSeries(join(fixtures, "series/reversed"), { slices: 3 });
    await using chat = await medgemma.createChat();
    const { request, images } = await chat.ask("What is seen?", { series, maxTokens: 4 });
    expect(images).toHaveLength(series.taken);
    expect(request.series?.numbers).toEqual(series.numbers);
    expect(request.prompt.filter((part) => typeof part === "string").join("|")).toMatch(/SLICE 1\|.*What is seen\?$/s);
    const noted = await chat.ask("What is seen?", { series, images: [film], maxTokens: 4 });
    expect([noted.images.length, noted.request.series?.taken]).toEqual([1, series.taken]);
    const { slices: _, ...summary } = series;
    await expect(chat.ask("What is seen?", { series: summary })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("images of earlier studies in a question", () => {
  it("are labelled as composePrompt does, and asked with priors alone", async () => {
    await using chat = await medgemma.createChat();
    const priors = [{ image: gray(10), date: "2023-05-01" }];
    const { request, tokens } = await chat.ask("What changed?", { images: [gray(20)], priors, maxTokens: 4 });
    expect(request.prompt).toEqual([
      "Prior image, 2023-05-01:",
      { image: 0 },
      "Current image:",
      { image: 1 },
      "What changed?"
    ]);
    await using other = await medgemma.createChat();
    expect(
      (await other.ask(composePrompt({ question: "What changed?", images: [gray(20)], priors }), { maxTokens: 4 }))
        .tokens
    ).toEqual(tokens);
  });

  it("are refused where not every image would be labelled", async () => {
    await using chat = await medgemma.createChat();
    const series = await readSeries(join(fixtures, "series/reversed"), { slices: 2 });
    await expect(chat.ask(["What changed?", { image: gray(20) }], { priors: [gray(10)] })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("given as images") as string
    });
    await expect(chat.ask("What changed?", { series, priors: [gray(10)] })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("beside single images") as string
    });
  });
});

describe("a preset in a question", () => {
  it("gives words, options and the system text, as the parts one by one", async () => {
    const preset = await loadPreset("report");
    await using chat = await medgemma.createChat();
    const { request, tokens } = await chat.ask("", { preset, images: [gray(20)], maxTokens: 4 });
    await using other = await medgemma.createChat({ system: preset.system });
    const composed = await other.ask(
      composePrompt({ preset, images: [gray(20)] }),
      presetOptions(preset, { maxTokens: 4 })
    );
    expect([request, tokens]).toEqual([composed.request, composed.tokens]);
    expect(request).toMatchObject({ preset: "report", system: preset.system });
    expect(preset.system).not.toBeNull();
    expect(await medgemma.countTokens("", { preset, images: [gray(20)] })).toBe(composed.usage.promptTokens);
    expect((await other.ask(request, { images: [gray(20)] })).request).toEqual(request);
  });

  it("yields to what is given, and to the chat's own system text", async () => {
    const preset = { ...(await loadPreset("report")), maxTokens: 9 };
    await using chat = await medgemma.createChat({ system: "Be brief." });
    const { request } = await chat.ask("Is there a cross?", {
      preset,
      images: [gray(20)],
      maxTokens: 3,
      priors: [gray(10)]
    });
    expect(request).toMatchObject({ system: "Be brief.", sampling: { maxTokens: 3 } });
    const labels = composePrompt({
      preset,
      question: "Is there a cross?",
      images: [gray(20)],
      priors: [gray(10)]
    }).filter((part) => typeof part === "string");
    expect(request.prompt.filter((part) => typeof part === "string")).toEqual(labels);
  });

  it("is refused where its words have no place, and where it is none", async () => {
    const preset = await loadPreset("report");
    await using chat = await medgemma.createChat();
    await expect(chat.ask([{ image: gray(1) }, "x"], { preset })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(chat.ask("x", { preset: { name: "x" } as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(chat.regenerate({ preset: preset as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("the programs of docs/guide/series.md and docs/guide/pathology.md, with 256 tokens an image", () => {
  const text = join(folder, "wide.gguf");
  const mmproj = join(folder, "mmproj-wide.gguf");
  beforeAll(async () => {
    const shape = { ...tiny27b, layers: 2, contextSize: 131_072 };
    await writeTinyText(text, shape);
    writeProjectorOf256Tokens(mmproj, shape.hidden);
  });

  it("have room for 85 slices when these are said, and say so before when they are not", async () => {
    const images = Array.from({ length: 85 }, (_, index) => gray(index));
    const series = await readSeries(join(fixtures, "series/reversed"), { slices: 3 });
    const many = { ...series, taken: 85, slices: images };
    await using planned = await loadMedGemma({ model: text, mmproj }, { gpu: "off", images: many.taken });
    expect(planned.tokensPerImage).toBe(256);
    expect(planned.contextSize).toBeGreaterThan(85 * 264 + 2048);
    const answer = await (await planned.createChat()).ask("Is there free fluid?", { series: many, maxTokens: 2 });
    expect(answer.usage.imageTokens).toBe(85 * 256);
    await using usual = await loadMedGemma({ model: text, mmproj }, { gpu: "off" });
    expect(usual.contextSize).toBe(8192);
    const { heard, onProgress } = listener();
    await expect(
      (await usual.createChat()).ask("Is there free fluid?", { series: many, onProgress })
    ).rejects.toMatchObject({ code: "CONTEXT_FULL" });
    expect(encodes(heard)).toEqual([]);
  }, 120_000);

  it("have room for 60 patches when these are said", async () => {
    const slide = await readSlide(join(fixtures, "slides/aperio-jpeg.svs"), { side: 16, level: 0, patches: 3 });
    const many = { ...slide, taken: 60, patches: Array.from({ length: 60 }, (_, index) => gray(index)) };
    await using planned = await loadMedGemma({ model: text, mmproj }, { gpu: "off", images: many.taken });
    const answer = await (await planned.createChat()).ask("Describe the tissue.", { slide: many, maxTokens: 2 });
    expect(answer.usage.imageTokens).toBe(60 * 256);
    await using usual = await loadMedGemma({ model: text, mmproj }, { gpu: "off" });
    const { heard, onProgress } = listener();
    await expect(
      (await usual.createChat()).ask("Describe the tissue.", { slide: many, onProgress })
    ).rejects.toMatchObject({ code: "CONTEXT_FULL", remedy: { option: "contextSize" } });
    expect(encodes(heard)).toEqual([]);
  }, 120_000);

  it("show the overview of a slide and its patches", async () => {
    const slide = await readSlide(join(fixtures, "slides/aperio-jpeg.svs"), {
      side: 16,
      level: 0,
      patches: 3,
      overview: true
    });
    await using chat = await medgemma.createChat();
    const { images, request } = await chat.ask("Describe the tissue.", { slide, maxTokens: 4 });
    expect(images).toHaveLength(slide.taken + 1);
    expect(request.slide?.positions).toEqual(slide.positions);
  });
});
