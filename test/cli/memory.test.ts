/** What a user sees when memory is short. The limit is the documented one for shared machines. */
import { describe, expect, it } from "vitest";
import { fileURLToPath } from "node:url";
import { loadMedGemma } from "../../src/index.js";
import type { LoadedModel } from "../../src/chat/types.js";
import { memoryWarnings } from "../../src/cli/model/open-model.js";
import { demoProjector, demoText, film } from "../demo-model.js";
import { runCli } from "./run-cli.js";

const ask = (args: readonly string[], env: NodeJS.ProcessEnv) =>
  runCli(["ask", "Describe the image.", "-i", film, "-m", "demo", "--gpu", "off", "--max-tokens", "4", ...args], {
    env
  });

/** The demo model takes 193 MB at the smallest context, 205 at 3072 tokens and 216 at its own 4096. */
const limits = { tooLittle: "150000000", little: "209000000", enough: "400000000" };

/** The answer of four tokens is cut, and says so; nothing else is said. */
const onlyCut = /^Warning: the answer was cut off after 4 tokens[^\n]*\n$/;

describe("a model that does not fit", () => {
  it("is refused before it is loaded, with what it needs, what there is and what to do", async () => {
    const { code, stdout, stderr } = await ask([], { MEDGEMMA_MEMORY_LIMIT: limits.tooLittle });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^OUT_OF_MEMORY: \S+medgemma-demo-F32\.gguf with a context of 2048 tokens needs 0\.19 GB \(text 0\.01 GB, context 0\.03 GB, images 0\.01 GB, program 0\.13 GB\), but 0\.15 GB are available: 0\.04 GB too much\. MEDGEMMA_IGNORE_MEMORY=1 loads it anyway\. Use a smaller quantisation, or close other programs\.\n$/
    );
  });

  it("names the context that would fit, and that one does", async () => {
    const { stderr } = await ask(["--context", "32768"], { MEDGEMMA_MEMORY_LIMIT: limits.little });
    const context = /\(--context (\d+)\)/.exec(stderr)?.[1] ?? "";
    expect(stderr).toContain("with a context of 32768 tokens needs 0.54 GB");
    const { code, stderr: nothing } = await ask(["--context", context], { MEDGEMMA_MEMORY_LIMIT: limits.little });
    expect({ code, nothing }).toEqual({ code: 0, nothing: expect.stringMatching(onlyCut) as string });
    const { code: larger } = await ask(["--context", String(Number(context) + 1024)], {
      MEDGEMMA_MEMORY_LIMIT: limits.little
    });
    expect(larger).toBe(1);
  });

  it("is refused for a context that no machine has room for", async () => {
    const { code, stderr } = await ask(["--context", "2000000000"], {});
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^OUT_OF_MEMORY: .+ too much\. MEDGEMMA_IGNORE_MEMORY=1 loads it anyway\. Load with contextSize (\d+) \(--context \1\)\.\n$/
    );
  });

  it("is refused with more images than there is room for, as the slices of a series", async () => {
    const manyImages = () => loadMedGemma("demo", { gpu: "off", contextSize: 2048, images: 10_000_000 });
    const one = await loadMedGemma("demo", { gpu: "off", contextSize: 2048, images: 1 });
    await one.dispose();
    // 224 × 224 × 3 bytes of a square, 16 × 192 floats of its tokens.
    await expect(manyImages()).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message: expect.stringContaining(
        `images ${((9_999_999 * (224 ** 2 * 3 + 16 * 192 * 4)) / 1e9 + 0.01).toFixed(0)}`
      ) as string
    });
    await expect(loadMedGemma("demo", { images: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("is planned with the slices of its series", async () => {
    const series = [
      "ask",
      "Describe.",
      "--series",
      fileURLToPath(new URL("../fixtures/series/reversed", import.meta.url)),
      "-m",
      "demo",
      "--gpu",
      "off",
      "--max-tokens",
      "4",
      "--context",
      "3072"
    ];
    const env = { MEDGEMMA_MEMORY_LIMIT: limits.tooLittle };
    const imagesOf = async (slices: string) =>
      Number(/images (\d+\.\d+) GB/.exec((await runCli([...series, "--slices", slices], { env })).stderr)?.[1]);
    expect(await imagesOf("1")).toBe(0.01);
    expect(await imagesOf("12")).toBeGreaterThan(0.01);
  });

  it("is loaded all the same with MEDGEMMA_IGNORE_MEMORY=1", async () => {
    const { code, stdout } = await ask(["--json"], {
      MEDGEMMA_MEMORY_LIMIT: limits.tooLittle,
      MEDGEMMA_IGNORE_MEMORY: "1"
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: { gpu: "off", gpuLayers: 0, visionGpu: "off", wantedContextSize: 4096 }
    });
  });
});

describe("little memory", () => {
  it("makes the context smaller, loudly", async () => {
    const { code, stderr } = await ask([], { MEDGEMMA_MEMORY_LIMIT: limits.little });
    expect(code).toBe(0);
    expect(stderr.replace(/\s+/g, " ")).toMatch(/^Warning: there is memory for a context of 3072 tokens, not 4096\. /);
  });

  it("does not where it is enough", async () => {
    const { code, stderr } = await ask([], { MEDGEMMA_MEMORY_LIMIT: limits.enough });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(onlyCut) as string });
  });

  it.each(["8 GB", "-8000000000"])("cannot be said as %s", async (limit) => {
    const { code, stderr } = await ask([], { MEDGEMMA_MEMORY_LIMIT: limit });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `INVALID_ARGUMENT: MEDGEMMA_MEMORY_LIMIT must be a whole number of bytes, but is ${limit}.`
    );
  });
});

describe("a GPU without room", () => {
  const model: LoadedModel = {
    id: "m",
    text: "m.gguf",
    mmproj: "p.gguf",
    lora: [],
    gpu: "cuda",
    gpuLayers: 20,
    layers: 35,
    visionGpu: "cuda",
    contextSize: 8192,
    wantedContextSize: 8192,
    isPretrained: false,
    warnings: [],
    notes: []
  };

  it("is told of when images are encoded on the CPU, or everything", () => {
    expect(memoryWarnings(model)).toEqual([]);
    expect(memoryWarnings({ ...model, visionGpu: null })).toEqual([]);
    expect(memoryWarnings({ ...model, visionGpu: "off" })).toEqual([
      expect.stringContaining("the projector does not fit in the GPU's free memory next to the text model")
    ]);
    expect(memoryWarnings({ ...model, visionGpu: "off", gpuLayers: 0 })).toEqual([
      expect.stringContaining("no layer of this model fits in the GPU's free memory")
    ]);
    expect(memoryWarnings({ ...model, contextSize: 2048 })).toEqual([expect.stringContaining("2048 tokens, not 8192")]);
    expect(memoryWarnings({ ...model, gpu: "off", visionGpu: "off", gpuLayers: 0 })).toEqual([]);
  });
});

describe("inspect", () => {
  const inspect = async (path: string) =>
    JSON.parse((await runCli(["inspect", path, "--json"])).stdout) as Record<string, never>;

  it("tells a text model's memory by part, with the projector beside it, on the CPU and on a GPU", async () => {
    const { memory } = (await inspect(demoText)) as unknown as {
      memory: Record<"cpu" | "gpu", Record<string, number | Record<string, number>>>;
    };
    const projector = (await inspect(demoProjector)) as unknown as {
      memory: Record<"cpu" | "gpu", { weightBytes: number; workBytes: number }>;
    };
    for (const device of ["cpu", "gpu"] as const) {
      const table = memory[device];
      const at = (part: string) => (table[part] as Record<string, number>)["4096"] ?? Number.NaN;
      expect(table.towerWeightBytes).toBe(projector.memory[device].weightBytes);
      expect(table.towerWorkBytes).toBe(projector.memory[device].workBytes);
      const program = device === "cpu" ? Number(table.processBytes) : 0;
      const fixed = program + Number(table.weightBytes) + Number(table.towerWeightBytes) + Number(table.towerWorkBytes);
      expect(at("totalBytes")).toBe(fixed + at("keyValueBytes") + at("workBytes"));
    }
    // One global layer of 7; keys and values of two heads of 64 in F32; a window of 64 and a batch of 513, in steps of 256.
    expect(memory.cpu.keyValueBytes).toEqual({ 2048: 1024 * (2048 + 6 * 768), 4096: 1024 * (4096 + 6 * 768) });
    expect(memory.gpu.hostBytes).toMatchObject({ 2048: expect.any(Number) as number });
  });

  it("prints it for people", async () => {
    const { stdout } = await runCli(["inspect", demoText]);
    expect(stdout).toMatch(/^memory, with a context of +2048 +4096$/m);
    expect(stdout).toMatch(/^ {2}keys and values +6\.82 MB +8\.91 MB$/m);
    expect(stdout).toMatch(/^ {2}image tower, weights +11\.9 MB +11\.9 MB$/m);
    expect(stdout).toMatch(/^ {2}total on the GPU +\d+\.\d MB +\d+\.\d MB$/m);
  });
});
