/** The estimate against what llama.cpp itself would reserve: node-llama-cpp can make a model and context without memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GgmlType, GgufInsights, readGgufFileInfo } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shapeOf } from "../../src/language/gemma-shape.js";
import { startLlama, type LlamaRuntime } from "../../src/language/llama.js";
import { readModelFile } from "../../src/language/model-file.js";
import { TextMemoryEstimator } from "../../src/memory/text-memory.js";
import type { NativeAddon } from "../../src/native/addon.js";
import { loadAddon } from "../../src/native/load-addon.js";
import { ggmlTypes, writeText, type Fill, type GgmlTypeName } from "../../scripts/gemma3-gguf.mjs";
import { demoText } from "../demo-model.js";
import { writeTinyText } from "../tiny-gguf.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-memory-"));
const tiny27b = join(folder, "tiny-27b.gguf");
const quantised = join(folder, "quantised.gguf");
const wordy = join(folder, "wordy.gguf");
let runtime: LlamaRuntime;
let addon: NativeAddon;

beforeAll(async () => {
  runtime = await startLlama("off");
  addon = loadAddon(runtime.libraries);
  await writeTinyText(tiny27b);
  const { tokenizer } = (await readGgufFileInfo(demoText, { sourceType: "filesystem", logWarnings: false })).metadata;
  const {
    tokens,
    scores,
    token_type: types
  } = tokenizer.ggml as unknown as { tokens: string[]; scores: number[]; token_type: number[] };
  const zeros =
    (matrixType: GgmlTypeName): Fill =>
    (name) => ({ type: name.endsWith("norm.weight") ? "F32" : matrixType, chunks: (bytes) => [Buffer.alloc(bytes)] });
  const sizes = {
    layers: 13,
    hidden: 256,
    heads: 4,
    kvHeads: 2,
    headSize: 64,
    ffn: 1024,
    window: 128,
    contextSize: 16_384
  };
  writeText(quantised, sizes, { tokens, scores, types }, zeros("Q4_K"));
  const words = Array.from({ length: 20_000 }, (_, index) => `word ${index}`);
  const vocabulary = {
    tokens: [...tokens, ...words],
    scores: [...scores, ...words.map(() => 0)],
    types: [...types, ...words.map(() => 1)]
  };
  writeText(wordy, sizes, vocabulary, zeros("F16"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const cases = [
  ["the demo model, in F32 throughout", () => demoText],
  ["the shapes of the 27B", () => tiny27b],
  ["a quantised one, with flash attention", () => quantised],
  ["one whose logits take more than its layers, as in the 4B", () => wordy]
] as const;

describe.each(cases)("%s", (_what, path) => {
  it.each([
    [512, 1],
    [2048, 1],
    [4096, 3],
    [16_384, 1]
  ])(
    "at a context of %i tokens, %i at a time, keeps and computes in as much as llama.cpp reserves",
    async (contextSize, parallel) => {
      const file = await readModelFile(path());
      const estimator = new TextMemoryEstimator(file, addon);
      const { isExact, vocabulary, layers } = estimator.shape;
      const insights = await GgufInsights.from(file.info, runtime.llama);
      const { cpuRam } = await insights.estimateContextResourceRequirementsV2({
        contextSize,
        modelGpuLayers: 0,
        batchSize: 512,
        sequences: parallel,
        ...(isExact ? { flashAttention: false, kvCacheKeyType: GgmlType.F32, kvCacheValueType: GgmlType.F32 } : {})
      });
      const logitsOut = parallel * vocabulary * 4;
      // On a GPU all that is reserved counts.
      const { vram } = estimator.estimate({
        contextSize,
        parallel,
        tokensPerImage: 16,
        gpuLayers: layers + 1,
        isUnified: false
      });
      const ratio = (vram.keyValueBytes + vram.workBytes + logitsOut) / cpuRam;
      expect(ratio).toBeGreaterThan(0.97);
      expect(ratio).toBeLessThan(1.06);
    }
  );

  it("has weights of the size that llama.cpp counts", async () => {
    const file = await readModelFile(path());
    const { cpuRam } = await (
      await GgufInsights.from(file.info, runtime.llama)
    ).estimateModelResourceRequirementsV2({ gpuLayers: 0 });
    const { ram } = new TextMemoryEstimator(file, addon).estimate({
      contextSize: 512,
      parallel: 1,
      tokensPerImage: 0,
      gpuLayers: 0,
      isUnified: false
    });
    expect(ram.weightBytes / cpuRam).toBeCloseTo(1, 2);
  });
});

describe("layers on a GPU", () => {
  const estimate = async (gpuLayers: number, options: { isUnified?: boolean; tokens?: number } = {}) => {
    const file = await readModelFile(demoText);
    const request = { contextSize: 2048, parallel: 1, tokensPerImage: 16, gpuLayers, isUnified: false, ...options };
    return { file, ...new TextMemoryEstimator(file, addon).estimate(request) };
  };

  it("take their weights and caches with them, the output first, and the embedding stays", async () => {
    const { ram: all, file } = await estimate(0);
    const { layers, vocabulary, hidden } = shapeOf(file);
    const embedding = vocabulary * hidden * 4;
    const output = await estimate(1);
    expect(output.vram).toMatchObject({ keyValueBytes: 0 });
    expect(output.vram.weightBytes - embedding).toBeLessThan(10_000);
    const whole = await estimate(layers + 1);
    expect(whole.ram).toMatchObject({ keyValueBytes: 0, weightBytes: embedding });
    expect(whole.vram).toMatchObject({ keyValueBytes: all.keyValueBytes, weightBytes: all.weightBytes });
    const half = await estimate(4);
    expect(half.ram.keyValueBytes + half.vram.keyValueBytes).toBe(all.keyValueBytes);
    expect(half.ram.weightBytes + half.vram.weightBytes).toBe(all.weightBytes + embedding);
  });

  it("share the embedding with the CPU in unified memory", async () => {
    const { ram, vram } = await estimate(8, { isUnified: true });
    expect(ram.weightBytes).toBe(0);
    expect(vram.weightBytes).toBe((await estimate(0)).ram.weightBytes);
  });

  it("and a short conversation touches less of the CPU's work memory, but no less of a GPU's", async () => {
    expect((await estimate(0, { tokens: 40 })).ram.workBytes).toBeLessThan((await estimate(0)).ram.workBytes / 10);
    expect((await estimate(8, { tokens: 40 })).vram).toEqual((await estimate(8)).vram);
  });
});

describe("weights that the CPU copies", () => {
  it("are there twice: as the copy, and as pages of the file", async () => {
    const file = await readModelFile(quantised);
    const estimator = new TextMemoryEstimator(file, addon);
    const { ram, copiedFileBytes } = estimator.estimate({
      contextSize: 512,
      parallel: 1,
      tokensPerImage: 0,
      gpuLayers: 0,
      isUnified: false
    });
    const { values, bytes } = ggmlTypes.Q4_K;
    const embedding = (estimator.shape.vocabulary * estimator.shape.hidden * bytes) / values;
    // Which types are copied depends on the processor; with this one's all layers are, or none.
    if (addon.repacksWeight(ggmlTypes.Q4_K.id, 256, 1024))
      expect(copiedFileBytes).toBeGreaterThan((ram.weightBytes - embedding) * 0.98);
    else expect(copiedFileBytes).toBe(0);
    expect(copiedFileBytes).toBeLessThanOrEqual(ram.weightBytes - embedding);
  });
});
