import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { AnswerRecord } from "../../src/index.js";
import { before, demoProjector, demoText, film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const home = join(folder, "scans");
const scan = join(home, "scan.png");
const record = join(folder, "record.json");
const lora = fileURLToPath(new URL("../fixtures/reference/lora.gguf", import.meta.url));

async function ask(output: string, ...args: string[]): Promise<AnswerRecord> {
  const { code, stdout, stderr } = await runCli([
    "ask",
    "Tell me anything",
    "-m",
    "demo",
    "--gpu",
    "off",
    "--json",
    ...args
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  writeFileSync(output, stdout);
  return JSON.parse(stdout) as AnswerRecord;
}

/** A record that says something else. */
function edited(change: (record: AnswerRecord) => unknown): string {
  const path = join(folder, "edited.json");
  const copy = JSON.parse(readFileSync(record, "utf8")) as AnswerRecord;
  writeFileSync(path, JSON.stringify(change(copy)));
  return path;
}

let tokens = 0;
beforeAll(async () => {
  mkdirSync(home);
  copyFileSync(film, scan);
  tokens = (await ask(record, "-i", scan, "--temperature", "5", "--seed", "3", "--max-tokens", "40")).tokens.length;
});

describe("repeat", () => {
  it("says that every token is the same", async () => {
    expect(await runCli(["repeat", record])).toMatchObject({
      code: 0,
      stderr: "",
      stdout: `The same ${tokens} tokens.\n`
    });
  });

  it("finds images, a series and a slide's folder where they are now", async () => {
    const series = fileURLToPath(new URL("../fixtures/series/tilted", import.meta.url));
    const [moved, ofSeries] = [join(folder, "moved"), join(folder, "series.json")];
    mkdirSync(moved);
    copyFileSync(film, join(moved, basename(scan)));
    const elsewhere = edited((copy) => ({
      ...copy,
      request: {
        ...copy.request,
        images: copy.request.images.map((image) => ({ ...image, source: "C:\\scans\\scan.png" }))
      }
    }));
    expect(await runCli(["repeat", elsewhere])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("IMAGE_NOT_FOUND") as string
    });
    expect(await runCli(["repeat", elsewhere, "--images", moved])).toMatchObject({
      code: 0,
      stdout: `The same ${tokens} tokens.\n`
    });
    expect(await runCli(["repeat", elsewhere, "--images", film])).toMatchObject({
      code: 0,
      stdout: `The same ${tokens} tokens.\n`
    });
    expect(await runCli(["repeat", elsewhere, "--images", folder])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("in the order in which the question showed them") as string
    });
    expect(await runCli(["repeat", elsewhere, "--images", film, "--images", film])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("showed 1 images, but 2 are given") as string
    });
    const { tokens: ofVolume } = await ask(
      ofSeries,
      "--series",
      series,
      "--slices",
      "3",
      "--temperature",
      "5",
      "--seed",
      "4",
      "--max-tokens",
      "20"
    );
    expect(await runCli(["repeat", ofSeries, "--images", series])).toMatchObject({
      code: 0,
      stdout: `The same ${ofVolume.length} tokens.\n`
    });
  });

  it("prints JSON for programs", async () => {
    const { code, stdout } = await runCli(["repeat", record, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      isSame: true,
      sameTokens: tokens,
      differences: [],
      answer: { request: { sampling: { seed: 3 } } }
    });
  });

  it.each([
    ["no JSON", "x{", "it is not JSON"],
    ["other JSON", "{}", "not the JSON of an answer"],
    ["a list", "[1]", "not the JSON of an answer"],
    [
      "a record without its end",
      '{"tokens":[],"images":[],"request":{},"stopReason":"end"}',
      "does not say which model"
    ]
  ])("refuses %s", async (_what, content, message) => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, content);
    expect(await runCli(["repeat", path])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(message) as string
    });
  });
});

describe("repeat names what differs:", () => {
  const withTail = (path: string): string => {
    const copy = join(folder, basename(path));
    copyFileSync(path, copy);
    appendFileSync(copy, Buffer.alloc(32));
    return copy;
  };

  const staged: readonly {
    readonly what: string;
    readonly line: string;
    readonly args: () => readonly string[];
    readonly env?: NodeJS.ProcessEnv;
  }[] = [
    {
      what: "the text model",
      line: "model      the text model's file: sha256",
      args: () => [record, "-m", withTail(demoText), "--mmproj", demoProjector]
    },
    {
      what: "the projector",
      line: "projector  the projector's file: sha256",
      args: () => [record, "--mmproj", withTail(demoProjector)]
    },
    {
      what: "the adapters",
      line: "adapters   the LoRA adapters: none → sha256",
      args: () => [edited((copy) => ({ ...copy, model: { ...copy.model, lora: [{ path: lora, scale: 1 }] } }))]
    },
    {
      what: "a version",
      line: "version    llamaCpp: v0.0.1 → ",
      args: () => [
        edited((copy) => ({
          ...copy,
          provenance: { ...copy.provenance, versions: { ...copy.provenance.versions, llamaCpp: "v0.0.1" } }
        }))
      ]
    },
    {
      what: "the backend",
      line: "device     backend: cuda → off",
      args: () => [
        edited((copy) => ({
          ...copy,
          provenance: { ...copy.provenance, compute: { ...copy.provenance.compute, gpu: "cuda" } }
        })),
        "--gpu",
        "off"
      ]
    },
    {
      what: "the kernels",
      line: "device     kernels: the fastest → portable",
      args: () => [record],
      env: { MEDGEMMA_CPU_KERNELS: "portable" }
    },
    { what: "the settings", line: "settings   context size: 4096 → 2048", args: () => [record, "--context", "2048"] },
    { what: "the pixels", line: "pixels     image 1: 280 × 224, sha256", args: () => [record, "--images", before] }
  ];
  it.each(staged)("$what", async ({ line, args, env = {} }) => {
    const { code, stdout } = await runCli(["repeat", ...args()], { env });
    expect(stdout).toContain(`\n  ${line}`);
    expect(stdout.match(/^ {2}\w+ {2,}/gm)).toHaveLength(code === 0 ? 1 : 3);
    expect(stdout).toMatch(
      code === 0
        ? /^The same \d+ tokens\.\nThey are the same although these differ:\n/
        : /^The answers part at token \d+: \d+ tokens in the record, \d+ now\.\n {2}record {2}.+\n {2}now {5}.+\nWhat differs:\n/
    );
  });

  it("the pixels make another answer", async () => {
    expect(await runCli(["repeat", record, "--images", before])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("The answers part at token") as string
    });
  });
});
