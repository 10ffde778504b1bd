import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  composePrompt,
  loadingOf,
  loadMedGemma,
  prepareImage,
  readSeries,
  type Answer,
  type LoadedModel,
  type Provenance
} from "../../src/index.js";
import { demoProjector, demoText, film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();

type AskJson = Answer & { readonly model: LoadedModel; readonly provenance: Provenance };

async function askJson(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<AskJson> {
  const { stdout, stderr, code } = await runCli(["ask", "--json", ...args], { env });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as AskJson;
}

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Asks again what a record says, of the files that it names. */
async function repeat(record: AskJson): Promise<Answer> {
  const { source, options } = loadingOf(record);
  await using medgemma = await loadMedGemma(source, options);
  await using chat = await medgemma.createChat({ system: record.request.system });
  return await chat.ask(record.request);
}

describe("an answer with a temperature is repeated exactly from its own record", () => {
  it.each([
    ["with a seed of its own", []],
    [
      "with a system text, a thought and a stretched picture",
      ["-s", "Answer with a digit.", "--think", "--thought-budget", "12", "--fit", "stretch", "--threads", "2"]
    ],
    ["with a schema", ["--schema", join(folder, "schema.json"), "--context", "1024"]]
  ])("%s", async (_what, args) => {
    writeFileSync(
      join(folder, "schema.json"),
      JSON.stringify({
        type: "object",
        properties: { note: { type: "string", maxLength: 60 }, share: { type: "number", minimum: 0, maximum: 1 } }
      })
    );
    const first = await askJson([
      "Tell me anything",
      "-i",
      film,
      "-m",
      "demo",
      "--temperature",
      "6",
      "--max-tokens",
      "120",
      ...args
    ]);
    const again = await repeat(first);
    expect(again.tokens).toEqual(first.tokens);
    expect(again.images[0]?.sha256).toBe(first.images[0]?.sha256);
    expect(again.request).toEqual(first.request);
  });

  const dicom = fileURLToPath(new URL("../fixtures/dicom/", import.meta.url));
  it.each([
    [
      "a frame and a window",
      "frames.dcm",
      ["--frame", "2", "--window", "100/300"],
      { frame: 2, window: { asked: { center: 100, width: 300 }, center: 100, width: 300, function: "LINEAR" } }
    ],
    [
      "a window of the file",
      "voi-luts-and-windows.dcm",
      ["--window", "2"],
      { frame: 1, window: { asked: 2, function: expect.stringMatching(/^[A-Z_]+$/) as string } }
    ],
    ["no window asked for", "mono2-12-j2k.dcm", [], { frame: 1, window: { asked: null } }],
    ["pixels that are not square", "ct.dcm", [], { aspect: true, pixelAspect: expect.closeTo(0.875) as number }],
    ["pixels that are not square, as they are stored", "ct.dcm", ["--no-aspect"], { aspect: false, pixelAspect: 1 }]
  ])("of DICOM with %s", async (_what, file, args, preprocessing) => {
    const first = await askJson([
      "Tell me anything",
      "-i",
      dicom + file,
      "-m",
      "demo",
      "--temperature",
      "6",
      "--max-tokens",
      "30",
      ...args
    ]);
    expect(first.images[0]?.preprocessing).toMatchObject({ ...preprocessing, ranges: null });
    const again = await repeat(first);
    expect(again).toMatchObject({
      tokens: first.tokens,
      images: [{ sha256: first.images[0]?.sha256, preprocessing: first.images[0]?.preprocessing }]
    });
  });

  const [ct, mr] = ["series/tilted", "nifti/mr-4d.nii.gz"].map((name) =>
    fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  ) as [string, string];
  it.each([
    [
      "of a series",
      ct,
      ["--slices", "3", "--recipe", "v1"],
      { recipe: "v1" },
      {
        frame: 1,
        window: null,
        ranges: [
          [-1225, 1025],
          [-135, 215],
          [0, 80]
        ]
      }
    ],
    [
      "of a series in a window",
      ct,
      ["--slices", "2", "--window", "lung"],
      { recipe: null },
      { frame: 1, window: { asked: "lung", center: -600, width: 1500 }, ranges: null }
    ],
    [
      "of a volume of a NIfTI file",
      mr,
      ["--series-index", "2", "--modality", "MR", "--slices", "2"],
      { modality: "MR" },
      { frame: 3, window: null }
    ]
  ])("%s", async (_what, path, args, series, preprocessing) => {
    const first = await askJson([
      "Tell me anything",
      "--series",
      path,
      "-m",
      "demo",
      "--temperature",
      "6",
      "--max-tokens",
      "30",
      ...args
    ]);
    expect(first.request.series).toMatchObject(series);
    expect(first.images[0]?.preprocessing).toMatchObject(preprocessing);
    const again = await repeat(first);
    expect(again.tokens).toEqual(first.tokens);
    expect(again.images.map(({ sha256 }) => sha256)).toEqual(first.images.map(({ sha256 }) => sha256));
    expect(again.request).toEqual(first.request);
  });

  it("and without a seed, every answer has another", async () => {
    await using medgemma = await loadMedGemma("demo", { gpu: "off" });
    await using chat = await medgemma.createChat();
    const seeds = [];
    for (let round = 0; round < 4; round += 1)
      seeds.push((await chat.ask("Tell me anything", { temperature: 1, maxTokens: 3 })).request.sampling.seed);
    expect(new Set(seeds).size).toBe(4);
    expect((await chat.ask("Tell me anything", { maxTokens: 3, seed: 7 })).request.sampling.seed).toBeNull();
  });
});

describe("a record", () => {
  it("names every part: programs, files, machine, pixels, words, sampling", async () => {
    const { provenance, images, request } = await askJson([
      "Describe the image.",
      "-i",
      film,
      "-m",
      "demo",
      "--gpu",
      "off",
      "--temperature",
      "0.5",
      "--seed",
      "4"
    ]);
    expect(provenance.versions).toMatchObject({
      medgemmaLocal: "0.1.0",
      nodeLlamaCpp: "3.21.1",
      node: process.versions.node
    });
    expect(provenance.model).toMatchObject({
      id: "demo",
      text: { byteLength: statSync(demoText).size, sha256: sha256(demoText) },
      mmproj: { sha256: sha256(demoProjector) },
      lora: []
    });
    expect(provenance.compute).toMatchObject({
      gpu: "off",
      kernels: null,
      threads: { text: 1, vision: 1 },
      contextSize: 4096,
      parallel: 1,
      promptLookup: false
    });
    const square = await prepareImage(film, { side: 224 });
    expect(images).toMatchObject([
      {
        sha256: square.sha256,
        preprocessing: {
          version: 2,
          fit: "pad",
          side: 224,
          aspect: true,
          pixelAspect: 1,
          frame: null,
          window: null,
          ranges: null
        }
      }
    ]);
    expect(request).toEqual({
      raw: false,
      system: null,
      prompt: [{ image: 0 }, "Describe the image."],
      images: [{ source: film, fit: "pad", aspect: true, window: null, frame: null }],
      preset: null,
      series: null,
      slide: null,
      think: false,
      schema: null,
      sampling: {
        temperature: 0.5,
        seed: 4,
        topK: 64,
        topP: 0.95,
        minP: 0,
        repeatPenalty: 1,
        stop: [],
        maxTokens: 1024,
        thoughtBudget: null
      }
    });
  });

  it("takes a hash from the folder's record while nobody touched the file, else from the bytes", async () => {
    const home = join(folder, "home");
    const models = join(home, "demo-copy");
    mkdirSync(models, { recursive: true });
    const [text, mmproj] = [join(models, "medgemma-copy.gguf"), join(models, "mmproj-copy.gguf")];
    copyFileSync(demoText, text);
    copyFileSync(demoProjector, mmproj);
    const promised = "ab".repeat(32);
    const record = (path: string, verified: string) => ({
      byteLength: statSync(path).size,
      sha256: promised,
      source: "a test",
      verified
    });
    const manifest = (verified: string) => ({
      models: [{ id: "copy", text: "medgemma-copy.gguf", mmproj: "mmproj-copy.gguf" }],
      files: { "medgemma-copy.gguf": record(text, verified), "mmproj-copy.gguf": record(mmproj, verified) }
    });
    const env = { MEDGEMMA_HOME: home };
    const ask = async () => (await askJson(["Describe the image.", "-m", "copy"], env)).provenance.model;

    writeFileSync(
      join(models, "medgemma-local.json"),
      JSON.stringify(manifest(new Date(Date.now() + 1000).toISOString()))
    );
    const verified = (await ask()).text;
    expect(verified.sha256).toBe(promised);
    const ofAnother = manifest(new Date(Date.now() + 1000).toISOString());
    ofAnother.files["medgemma-copy.gguf"].byteLength += 1;
    writeFileSync(join(models, "medgemma-local.json"), JSON.stringify(ofAnother));
    expect((await ask()).text.sha256).toBe(sha256(demoText));

    // A program may set back the time of the last change of the bytes, but not that of the entry.
    writeFileSync(join(models, "medgemma-local.json"), JSON.stringify(manifest(new Date().toISOString())));
    await new Promise((resolve) => setTimeout(resolve, 50));
    utimesSync(text, 0, 0);
    const { text: touched, mmproj: other } = await ask();
    expect(touched).toMatchObject({ sha256: sha256(demoText) });
    expect(other).toMatchObject({ sha256: promised });
    writeFileSync(mmproj, Buffer.concat([readFileSync(mmproj), Buffer.alloc(32)]));
    expect((await ask()).mmproj).toMatchObject({ byteLength: statSync(mmproj).size, sha256: sha256(mmproj) });
  });

  it("of a series is saved with a chat, and stays when it is answered again", async () => {
    const file = join(folder, "series.json");
    const series = await readSeries(fileURLToPath(new URL("../fixtures/series/reversed", import.meta.url)), {
      slices: 2
    });
    await using medgemma = await loadMedGemma("demo", { gpu: "off" });
    await using chat = await medgemma.createChat();
    const { request } = await chat.ask(composePrompt({ question: "Describe.", slices: series.slices }), {
      series,
      maxTokens: 3
    });
    expect(request.series).toMatchObject({ taken: 2, of: 12, numbers: [7, 12], asked: { slices: 2 } });
    expect(request.series).not.toHaveProperty("slices");
    expect((await chat.regenerate({ maxTokens: 4 })).request.series).toEqual(request.series);
    await chat.save(file);
    await using loaded = await medgemma.loadChat(file);
    const { request: again, images } = await loaded.regenerate({ maxTokens: 3 });
    expect(again.series).toEqual(request.series);
    expect(images[0]?.preprocessing).toMatchObject({ frame: 1, ranges: series.windows });
    await expect(chat.ask("?", { series: 5 as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("is saved with a chat, one an answer, and stays when the chat goes on", async () => {
    const [first, second] = [join(folder, "talk.json"), join(folder, "more.json")];
    await using medgemma = await loadMedGemma("demo", { gpu: "off" });
    await using chat = await medgemma.createChat({ system: "Be brief." });
    await chat.ask("Describe the image.", { images: [film], temperature: 1 });
    await chat.save(first);
    await using other = await loadMedGemma("demo", { gpu: "off", contextSize: 2048 });
    await using loaded = await other.loadChat(first);
    const { request } = await loaded.ask("Is there a cross?");
    await loaded.save(second);
    interface Saved {
      readonly turns: readonly {
        readonly request: Answer["request"];
        readonly provenance: Provenance;
        readonly content: readonly { readonly sha256?: string; readonly preprocessing?: object }[];
      }[];
    }
    const { turns } = JSON.parse(readFileSync(second, "utf8")) as Saved;
    expect(turns[0]).toEqual((JSON.parse(readFileSync(first, "utf8")) as Saved).turns[0]);
    expect(turns[0]?.request).toMatchObject({
      system: "Be brief.",
      sampling: { temperature: 1, seed: expect.any(Number) as number }
    });
    expect(turns[0]?.content[0]).toMatchObject({
      sha256: expect.any(String) as string,
      preprocessing: { fit: "pad", side: 224 }
    });
    expect(turns[1]?.request).toEqual(request);
    expect(turns.map(({ provenance }) => provenance.compute.contextSize)).toEqual([4096, 2048]);
    expect(turns[1]?.provenance.model.text.sha256).toBe(sha256(demoText));
  });
});
