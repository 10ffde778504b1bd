import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as library from "../src/index.js";
import { film } from "./demo-model.js";
import { temporaryFolder } from "./cli/run-cli.js";

const { MedGemmaError, loadMedGemma } = library;
let medgemma: library.MedGemma;
let chat: library.Chat;
let preset: library.Preset;
let picture: library.DecodedImage;
let record: library.AnswerRecord;
let server: library.MedGemmaServer;
const home = temporaryFolder();
beforeAll(async () => {
  process.env.MEDGEMMA_HOME = home;
  medgemma = await loadMedGemma("demo", { gpu: "off" });
  chat = await medgemma.createChat();
  preset = await library.loadPreset("report");
  picture = await library.decodeImage(film);
  server = await library.createServer({ model: medgemma });
  await using other = await medgemma.createChat();
  record = {
    ...(await other.ask("Describe the image.", { images: [film], maxTokens: 2 })),
    model: medgemma.model,
    provenance: await medgemma.provenance()
  };
});
afterAll(async () => {
  await server.close();
  await medgemma.dispose();
});

type Call = (...args: unknown[]) => unknown;
const call = (run: unknown): Call => run as Call;

async function outcomeOf(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

const circle: Record<string, unknown> = {};
circle.self = circle;
const base64 = readFileSync(film).toString("base64");

const detached = new Uint8Array(16);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const fail = (): never => {
  throw new Error("not to be read");
};
const getter = (name: string) => Object.defineProperty({}, name, { get: fail, enumerable: true });
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
class Own {
  readonly nothing = 1;
}

/** Whose reading throws, or is a property of no object: never an error of somebody else. */
const hostile: readonly unknown[] = [
  new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail }),
  revoked,
  [revoked],
  Object.defineProperty([], 0, { get: fail }),
  getter("signal"),
  getter("model"),
  getter("width"),
  { constructor: getter("name") },
  Object.defineProperty(() => 1, "name", { get: fail }),
  { toString: fail }
];

/** Objects of other kinds than options are; in many of them nothing is found that could be wrong. */
const otherKinds: readonly unknown[] = [
  detached,
  detached.buffer,
  new SharedArrayBuffer(8),
  new Uint8Array(new SharedArrayBuffer(8)),
  new BigInt64Array(1),
  new Float64Array(2),
  new DataView(new ArrayBuffer(4)),
  new Own(),
  new Date(NaN),
  new WeakRef({}),
  new Map([["signal", 1]]),
  (function* () {
    yield 1;
  })(),
  new URL("http://x/"),
  Object.freeze({ nothing: 1 }),
  Object.assign(Object.create(null) as object, { nothing: 1 }),
  JSON.parse('{"__proto__":{"signal":1}}'),
  { ["k".repeat(1_000_000)]: 1 },
  { length: 1e9 },
  new Array(1_000_000),
  { [Symbol("signal")]: 1 }
];
/** What no argument of this library is, in no place. */
const wrongEverywhere: readonly unknown[] = [
  null,
  true,
  false,
  NaN,
  Infinity,
  -1,
  0.5,
  10n,
  Symbol("x"),
  "",
  "\0",
  [undefined],
  [null],
  [[]],
  [1],
  [{}],
  {},
  { nothing: 1 },
  { path: "x" },
  { image: undefined },
  { url: "x" },
  { signal: {} },
  { signal: "no" },
  { onProgress: 1 },
  () => 1,
  Date,
  new Date(0),
  /x/,
  new Map(),
  new Set([1]),
  new Error("x"),
  Promise.resolve("x"),
  new ArrayBuffer(8),
  new Float32Array(3),
  new Uint16Array(2),
  Object.create(null),
  circle,
  [circle],
  new Proxy({}, {}),
  { length: 1 },
  { then: 1 },
  [Symbol("y")],
  { toString: 1 },
  Object(1),
  Object("x"),
  new WeakMap(),
  { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
  { type: "text", text: "x" },
  [NaN],
  { images: [undefined] },
  ...hostile,
  ...otherKinds
];

/** Of an optional object of options. */
const wrongOptions = wrongEverywhere.filter((value) => hostile.includes(value) || !isPlainAndEmpty(value));

function isPlainAndEmpty(value: unknown): boolean {
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : value;
  return (
    (prototype === null || prototype === Object.prototype) &&
    value !== null &&
    Reflect.ownKeys(value as object).length === 0
  );
}

function canBeSpread(value: unknown): boolean {
  try {
    const prototype: unknown = Object.getPrototypeOf({ ...(value as object) }) && Object.getPrototypeOf(value);
    return typeof value === "object" && (prototype === null || prototype === Object.prototype);
  } catch {
    return false;
  }
}

describe("a wrong argument is INVALID_ARGUMENT, or what it stands for is not there; nothing is answered", () => {
  it("in the first place of every function", async () => {
    expect(wrongEverywhere.length).toBeGreaterThanOrEqual(50);
    const functions: Record<string, Call> = {
      loadMedGemma: call(loadMedGemma),
      readSeries: call(library.readSeries),
      readSlide: call(library.readSlide),
      loadPreset: call(library.loadPreset),
      composePrompt: (value) => library.composePrompt(value as never),
      presetOptions: (value) => library.presetOptions(value as never, {}),
      createServer: (value) => library.createServer({ model: value as never }),
      decodeImage: call(library.decodeImage),
      prepareImage: (value) => library.prepareImage(value as never, { side: 28 }),
      drawBoxes: (value) => library.drawBoxes(value as never, []),
      recipeForModel: call(library.recipeForModel),
      pullModel: call(library.pullModel),
      importModels: call(library.importModels),
      removeModel: call(library.removeModel),
      verifyModels: call(library.verifyModels),
      installedModels: call(library.installedModels),
      readAnswerRecord: call(library.readAnswerRecord),
      loadingOf: call(library.loadingOf),
      withImagesAt: (value) => library.withImagesAt(value as never, [film]),
      repeatAnswer: (value) => library.repeatAnswer(value as never, record),
      "record of repeatAnswer": (value) => library.repeatAnswer(medgemma, value as never),
      "request of chat.ask": (value) => chat.ask({ ...record.request, prompt: value as never }),
      "chat.ask": (value) => chat.ask(value as never),
      "medgemma.countTokens": (value) => medgemma.countTokens(value as never),
      "turns of medgemma.createChat": (value) => medgemma.createChat({ turns: value as never }),
      "chat.save": (value) => chat.save(value as never),
      "medgemma.loadChat": (value) => medgemma.loadChat(value as never),
      "medgemma.encode": (value) => medgemma.encode(value as never)
    };
    const takeNothing = ["listPresets", "readCatalog", "storedModels"];
    const exported = Object.entries(library).flatMap(([name, value]) =>
      typeof value === "function" && value !== MedGemmaError ? [name] : []
    );
    expect(new Set([...Object.keys(functions).filter((name) => !/[. ]/.test(name)), ...takeNothing])).toEqual(
      new Set(exported)
    );
    const wrong: unknown[] = [];
    for (const [name, run] of Object.entries(functions)) {
      for (const value of wrongEverywhere) {
        // An empty question is asked; any text may be the name of a model; nothing is required of an empty object here.
        if (["chat.ask", "medgemma.countTokens", "recipeForModel"].includes(name) && typeof value === "string")
          continue;
        const outcome = await outcomeOf(() => run(value));
        if (!(outcome instanceof MedGemmaError) || outcome.code === "INTERNAL")
          wrong.push([name, typeof value === "symbol" ? "symbol" : value, outcome]);
      }
    }
    expect(wrong).toEqual([]);
    expect(chat.turns).toEqual([]);
  }, 120_000);

  it("as the options of every function", async () => {
    const functions: Record<string, Call> = {
      loadMedGemma: (value) => loadMedGemma("demo", value as never),
      createServer: (value) => library.createServer(value as never),
      "server.listen": (value) => server.listen(value as never),
      createChat: (value) => medgemma.createChat(value as never),
      "chat.ask": (value) => chat.ask("Hello", value as never),
      "chat.regenerate": (value) => chat.regenerate(value as never),
      "medgemma.countTokens": (value) => medgemma.countTokens("Hello", value as never),
      "medgemma.encode": (value) => medgemma.encode([film], value as never),
      readSeries: (value) => library.readSeries("nowhere", value as never),
      readSlide: (value) => library.readSlide("nowhere", value as never),
      decodeImage: (value) => library.decodeImage(film, value as never),
      prepareImage: (value) => library.prepareImage(film, value as never),
      drawBoxes: (value) => library.drawBoxes(picture, value as never),
      presetOptions: (value) => library.presetOptions(preset, value as never),
      pullModel: (value) => library.pullModel("4b-it", value as never),
      importModels: (value) => library.importModels("nowhere", value as never),
      removeModel: (value) => library.removeModel("nothing", value as never),
      verifyModels: (value) => library.verifyModels(undefined, value as never),
      repeatAnswer: (value) => library.repeatAnswer(medgemma, record, value as never),
      "chat.ask of a request": (value) => chat.ask(record.request, value as never)
    };
    const wrong: unknown[] = [];
    for (const [name, run] of Object.entries(functions)) {
      for (const value of wrongOptions) {
        // They are put together here, and looked at where they are used.
        if (name === "presetOptions" && canBeSpread(value)) continue;
        const outcome = await outcomeOf(() => run(value));
        if (!(outcome instanceof MedGemmaError) || outcome.code === "INTERNAL")
          wrong.push([name, typeof value === "symbol" ? "symbol" : value, outcome]);
      }
    }
    expect(wrong).toEqual([]);
    expect(chat.turns).toEqual([]);
  }, 120_000);

  it("as a single option, where a wrong one could be passed over", async () => {
    const places: Record<string, Call> = {
      image: (value) => chat.ask("Hello", { images: [value as never] }),
      "image of a part": (value) => chat.ask([{ image: value as never }, "Hello"]),
      "part of a prompt": (value) => chat.ask(["Hello", value as never]),
      window: (value) => chat.ask("Hello", { images: [film], window: value as never }),
      frame: (value) => chat.ask("Hello", { images: [film], frame: value as never }),
      series: (value) => chat.ask("Hello", { series: value as never }),
      signal: (value) => chat.ask("Hello", { signal: value as never }),
      "options of loadChat": (value) => medgemma.loadChat("/nowhere.json", value as never),
      "image cache": (value) => loadMedGemma("demo", { imageCache: value as never }),
      adapter: (value) => loadMedGemma("demo", { lora: [value as never] }),
      box: (value) => library.drawBoxes(picture, [value as never])
    };
    const wrong: unknown[] = [];
    for (const [name, run] of Object.entries(places)) {
      for (const [index, value] of (name.startsWith("image cache") ? wrongOptions : wrongEverywhere).entries()) {
        if (name === "part of a prompt" && typeof value === "string") continue;
        const outcome = await outcomeOf(() => run(value));
        if (!(outcome instanceof MedGemmaError) || outcome.code === "INTERNAL" || outcome.message.length > 700)
          wrong.push([name, index, outcome]);
      }
    }
    expect(wrong).toEqual([]);
    expect(chat.turns).toEqual([]);
  }, 120_000);

  it.each([
    ["a slip", { image: [film] }, /no "image". Did you mean images/],
    ["an unknown option", { colour: true }, /The options of a question have no "colour"/],
    ["a missing image", { images: [film, undefined] }, /images\[1\] must be .*, but is undefined/],
    ["a hole in a list", { images: new Array(1) }, /images\[0\] must be/],
    ["no list", { images: film }, /images must be a list of images/],
    ["a text for a number", { maxTokens: "12" }, /maxTokens must be a whole number from 1, but is "12"/],
    ["a text for a switch", { think: "yes" }, /think must be true or false, but is "yes"/],
    ["a list for a schema", { schema: [] }, /schema must be a JSON schema object/],
    ["a signal", { signal: { aborted: false } }, /signal must be an AbortSignal, but is an object with aborted/],
    ["a promise", { images: [Promise.resolve(Buffer.of(1))] }, /a promise \(await it\)/],
    ["a buffer of the web", { images: [new ArrayBuffer(4)] }, /give new Uint8Array\(buffer\)/],
    ["half a series", { series: { slices: [] } }, /series must be what readSeries gives/]
  ])("of ask: %s", async (_, options, message) => {
    expect(
      await outcomeOf(() => call((given: never) => chat.ask("Describe the image.", given))(options))
    ).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) as string });
  });

  it.each([
    ["a part without an image", [{ image: undefined }, "x"], /The image of part 0 must be/],
    ["a number", ["x", 3], /Part 1 of the prompt must be a string or \{ image \}, but is 3/],
    [
      "an image of OpenAI",
      [{ type: "image_url", image_url: { url: `data:image/png;base64,${base64}` } }],
      /here an image is \{ image: "data:image\/png;base64,…" \}/
    ],
    ["a text of OpenAI", [{ type: "text", text: "x" }], /a text is a string/],
    ["base64 as an image", [{ image: base64 }], /not a path; of base64 make/]
  ])("in the prompt: %s", async (_, prompt, message) => {
    expect(await outcomeOf(() => call(chat.ask.bind(chat))(prompt))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message) as string
    });
  });

  it("as a model", async () => {
    for (const [source, message] of [
      [null, /The model must be/],
      [{ path: "/no.gguf" }, /no "path"/],
      [{}, /model must be a string/],
      ["", /The model must be/],
      [{ model: 3 }, /model must be a string/]
    ] as const) {
      expect(await outcomeOf(() => call(loadMedGemma)(source))).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message) as string
      });
    }
  });

  it("and null as a system text is none", async () => {
    await using plain = await medgemma.createChat({ system: null });
    expect(plain.system).toBeNull();
  });
});

describe("an error about an image", () => {
  it("never holds its data, however it was given", async () => {
    const jpeg = `/9j/4AAQSkZJRg${"Aa1+/".repeat(3000)}`;
    const slips = [
      base64,
      jpeg,
      base64.slice(0, 100),
      `date:image/png;base64,${base64}`,
      `data:image/png,${base64}`,
      `https://example.org/${base64}`,
      "AAAA".repeat(2000),
      base64.replaceAll("/", "_")
    ];
    for (const slip of slips) {
      for (const run of [
        () => chat.ask("x", { images: [slip] }),
        () => library.decodeImage(slip),
        () => medgemma.encode([slip]),
        () => library.composePrompt({ question: "x", images: [slip] }),
        () => library.readSeries(slip),
        () => library.loadPreset(slip)
      ]) {
        const outcome = await outcomeOf(run);
        // Composed, it is not opened yet.
        if (Array.isArray(outcome)) continue;
        expect(outcome).toBeInstanceOf(MedGemmaError);
        expect((outcome as Error).message.length).toBeLessThan(600);
      }
    }
  });
});
