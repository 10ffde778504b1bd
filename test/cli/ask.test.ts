import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { film as demoFilm } from "../demo-model.js";
import { png } from "./broken-files.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const film = join(folder, "film.png");
writeFileSync(film, png(224));

interface AskJson {
  readonly text: string;
  readonly thought: string | null;
  readonly tokens: readonly number[];
  readonly value?: unknown;
  readonly usage: { readonly promptTokens: number; readonly imageTokens: number };
}

async function askJson(args: readonly string[], input?: string | Buffer): Promise<AskJson> {
  const { stdout, stderr, code } = await runCli(["ask", ...args, "-m", "demo", "--json"], { input: input ?? "" });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as AskJson;
}

/** The shape of a JSON value: every leaf replaced by its type, every list by the types in it. */
function typesOf(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value))
    return [...new Map(value.map((entry) => [JSON.stringify(typesOf(entry)), typesOf(entry)])).values()];
  if (typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, typesOf(entry)]));
  return typeof value;
}

describe("ask", () => {
  it("prints the answer and nothing else", async () => {
    const { stdout, stderr, code } = await runCli(["ask", "Describe the image.", "-i", film, "-m", "demo"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^[^\n]+\n$/);
    expect(code).toBe(0);
  });

  it("closes a thought that is over its budget", async () => {
    const whole = await askJson(["How many shapes are there?", "-i", demoFilm, "--think"]);
    const cut = await askJson(["How many shapes are there?", "-i", demoFilm, "--think", "--thought-budget", "5"]);
    expect(whole.thought?.startsWith(cut.thought ?? "?")).toBe(true);
    expect(cut.thought?.length).toBeLessThan((whole.thought?.length ?? 0) / 2);
    expect(cut.text).not.toBe("");
  });

  it("prints with --json what the contract says", async () => {
    const answer = await askJson(["Describe the image.", "-i", film]);
    expect(typesOf(answer)).toEqual({
      text: "string",
      thought: "null",
      tokens: ["number"],
      stopReason: "string",
      images: [
        {
          source: "string",
          width: "number",
          height: "number",
          sha256: "string",
          preprocessing: {
            version: "number",
            fit: "string",
            side: "number",
            aspect: "boolean",
            pixelAspect: "number",
            frame: "null",
            window: "null",
            ranges: "null"
          },
          tokens: "number",
          encodeMs: "number",
          cached: "boolean"
        }
      ],
      request: {
        raw: "boolean",
        system: "null",
        prompt: [{ image: "number" }, "string"],
        images: [{ source: "string", fit: "string", aspect: "boolean", window: "null", frame: "null" }],
        preset: "null",
        series: "null",
        slide: "null",
        think: "boolean",
        schema: "null",
        sampling: {
          temperature: "number",
          seed: "null",
          topK: "number",
          topP: "number",
          minP: "number",
          repeatPenalty: "number",
          stop: [],
          maxTokens: "number",
          thoughtBudget: "null"
        }
      },
      usage: {
        promptTokens: "number",
        imageTokens: "number",
        reusedTokens: "number",
        thoughtTokens: "number",
        completionTokens: "number",
        droppedTurns: "number"
      },
      timings: {
        loadMs: "number",
        encodeMs: "number",
        prefillMs: "number",
        firstTokenMs: "number",
        decodeMs: "number",
        tokensPerSecond: "number"
      },
      model: {
        id: "string",
        text: "string",
        mmproj: "string",
        lora: [],
        gpu: "string",
        gpuLayers: "number",
        layers: "number",
        visionGpu: "string",
        contextSize: "number",
        wantedContextSize: "number",
        isPretrained: "boolean",
        warnings: [],
        notes: []
      },
      provenance: {
        versions: {
          medgemmaLocal: "string",
          nodeLlamaCpp: "string",
          llamaCpp: "string",
          node: "string",
          system: "string"
        },
        model: {
          id: "string",
          text: { byteLength: "number", sha256: "string", hashed: "string" },
          mmproj: { byteLength: "number", sha256: "string", hashed: "string" },
          lora: []
        },
        compute: {
          gpu: "string",
          devices: expect.any(Array) as unknown[],
          cpu: { model: "string", features: ["string"] },
          kernels: "null",
          threads: { text: "number", vision: "number" },
          contextSize: "number",
          parallel: "number",
          promptLookup: "boolean"
        }
      }
    });
    expect(answer).toMatchObject({
      stopReason: "end",
      images: [{ source: film, width: 224, height: 224, tokens: 16 }],
      model: { id: "demo" }
    });
    expect(answer.usage.imageTokens).toBe(16);
  });

  it("takes the question from stdin, and puts piped text in front of an argument", async () => {
    const fromArgument = await askJson(["Describe the image.", "-i", film]);
    const fromStdin = await askJson(["-i", film], "Describe the image.\n");
    const marked = await askJson(["-i", film], Buffer.from("\ufeffDescribe the image.", "utf16le"));
    const joined = await askJson(["image.", "-", "-i", film], "Describe the");
    expect(fromStdin.tokens).toEqual(fromArgument.tokens);
    expect(marked.tokens).toEqual(fromArgument.tokens);
    expect(joined.usage.promptTokens).toBeGreaterThan(fromArgument.usage.promptTokens);
  });

  it("puts piped text in front of a question without images", async () => {
    const alone = await askJson(["What do you see?"]);
    const report = await askJson(["What do you see?"], "A circle.");
    expect(report.usage.promptTokens).toBeGreaterThan(alone.usage.promptTokens);
  });

  it.each([
    ["a question and an image", ["Describe the image.", "-i", film]],
    ["a preset's question and an image", ["--preset", "report", "-i", film]]
  ])("leaves stdin alone beside %s: a loop keeps its list", async (_what, args) => {
    const bare = await askJson(args);
    const looped = await askJson(args, "other.png\nthird.png\n");
    expect(looped.usage.promptTokens).toBe(bare.usage.promptTokens);
  });

  it.each([
    [
      "a PNG picture",
      png(64),
      /^medgemma-local: stdin holds a PNG picture, not a question\. To ask about it, add -i -/
    ],
    [
      "a DICOM file",
      readFileSync(fileURLToPath(new URL("../fixtures/dicom/ct.dcm", import.meta.url))),
      /stdin holds a DICOM file.*-i -/
    ],
    ["a PDF document", Buffer.from("%PDF-1.7\n%\xe2\xe3\n", "latin1"), /stdin holds a PDF document, not a question/],
    ["other bytes", Buffer.from("Gr\xfc\xdfe", "latin1"), /stdin holds bytes that are not text in UTF-8/]
  ])("tells %s on stdin from a question", async (_what, input, words) => {
    const { code, stdout, stderr } = await runCli(["ask", "Describe the image.", "-m", "demo"], { input });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(words);
  });

  it("takes all images that stand behind -i, as a shell's * puts them there", async () => {
    const dicom = join(folder, "IM1");
    writeFileSync(dicom, readFileSync(fileURLToPath(new URL("../fixtures/dicom/ct.dcm", import.meta.url))));
    const { usage } = await askJson(["-i", film, demoFilm, dicom, "What changed?"]);
    expect(usage.imageTokens).toBe(48);
  });

  it("tells an answer that the limit cut, and one of the demo model that nobody named", async () => {
    const cut = await runCli(["ask", "Describe the image.", "-i", film, "-m", "demo", "--max-tokens", "3"]);
    expect(cut.stderr).toMatch(/^Warning: the answer was cut off after 3 tokens.*--max-tokens/);
    expect(cut.code).toBe(0);
    const unnamed = await runCli(["ask", "Describe the image.", "-i", film]);
    expect(unnamed.stderr).toMatch(/^Warning: No MedGemma is installed, so the demo model is used/);
  });

  it.each([
    ["a byte order mark", Buffer.from('\ufeff{"type":"boolean"}')],
    ["UTF-16, as PowerShell writes it", Buffer.from('\ufeff{"type":"boolean"}', "utf16le")],
    ["UTF-16 of the other order, unmarked", Buffer.from('{"type":"boolean"}', "utf16le").swap16()]
  ])("reads a schema with %s", async (_what, content) => {
    const schema = join(folder, "encoded.json");
    writeFileSync(schema, content);
    expect(typeof (await askJson(["Is there a cross?", "-i", film, "--schema", schema])).value).toBe("boolean");
  });

  it.skipIf(process.platform === "win32").each(["--schema", "--preset"])("waits for no pipe as %s", async (option) => {
    const pipe = join(folder, `pipe${option}.md`);
    execFileSync("mkfifo", [pipe]);
    const { code, stderr } = await runCli(["ask", "x", option, pipe, "-m", "demo"]);
    expect(stderr).toMatch(/^FILE_UNUSABLE: .* is not a regular file/);
    expect(code).toBe(1);
  });

  it("reads the image of -i - from stdin", async () => {
    const fromFile = await askJson(["Describe the image.", "-i", film]);
    const fromStdin = await askJson(["Describe the image.", "-i", "-"], png(224));
    expect(fromStdin.tokens).toEqual(fromFile.tokens);
  });

  it("takes one value for each -i, in any order with the question", async () => {
    const { usage } = await askJson(["-i", film, "What changed?", "-i", film]);
    expect(usage.imageTokens).toBe(32);
  });

  it("follows a JSON schema and gives the parsed value", async () => {
    const schema = join(folder, "schema.json");
    writeFileSync(schema, JSON.stringify({ type: "object", properties: { count: { enum: [0, 1, 2, 3] } } }));
    const { text, value } = await askJson(["How many shapes are there?", "-i", film, "--schema", schema]);
    expect(value).toEqual(JSON.parse(text));
    expect(value).toHaveProperty("count");
  });
});

describe("a stop from outside", () => {
  // No answer ends by itself before these lists are full.
  const schema = join(folder, "long-lists.json");
  writeFileSync(
    schema,
    JSON.stringify({ type: "array", minItems: 40, items: { type: "array", minItems: 40, items: { enum: [1, 2] } } })
  );
  const endless = ["ask", "Count.", "-m", "demo", "--schema", schema, "--max-tokens", "3900"];

  it.each(["SIGINT", "SIGTERM"] as const)("by %s ends the answer, exits 130 and says nothing", async (signal) => {
    const { code, stderr } = await runCli(endless, {
      meddle: (child) => child.stdout.once("data", () => child.kill(signal))
    });
    expect(stderr).toBe("");
    expect(code).toBe(130);
  });

  it("while the model loads exits 130", async () => {
    const { code, stderr } = await runCli(endless, { meddle: (child) => setTimeout(() => child.kill("SIGINT"), 250) });
    expect(stderr).toBe("");
    expect(code).toBe(130);
  });

  it("by a closed pipe is silent", async () => {
    const { stderr } = await runCli(endless, { meddle: (child) => child.stdout.destroy() });
    expect(stderr).toBe("");
  });
});
