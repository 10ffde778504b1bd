import { describe, expect, it } from "vitest";
import type { BenchReport } from "../../../src/tools/bench/measure.js";
import { plot } from "../../../src/tools/bench/plot.js";
import { renderSvg } from "../../../src/image/render-svg.js";

const sample = (median: number) => ({ median, values: [median] });

const report: BenchReport = {
  model: {
    id: "medgemma-4b-it-Q4_K_M",
    text: "text.gguf",
    mmproj: "mmproj.gguf",
    lora: [],
    gpu: "off",
    gpuLayers: 0,
    layers: 8,
    visionGpu: "off",
    contextSize: 4096,
    wantedContextSize: 4096,
    isPretrained: false,
    warnings: [],
    notes: []
  },
  machine: {
    versions: { medgemmaLocal: "1.2.3", nodeLlamaCpp: "3", llamaCpp: "b1", node: "20", system: "linux-x64" },
    cpu: { model: "Some CPU", cores: 8, features: [] },
    gpu: { backend: "off", devices: [], missed: null, totalBytes: null, freeBytes: null },
    memory: { totalBytes: 1, freeBytes: 1 }
  },
  threads: 8,
  limits: { kernels: "neon", gflops: 1000, readGbytes: 50 },
  loadMs: sample(900),
  encodeMs: sample(8500),
  promptTokens: 512,
  promptTokensPerSecond: sample(80),
  generationTokensPerSecond: sample(12.34),
  firstAnswerMs: sample(12_000),
  peakMemoryBytes: 4e9,
  towerFlops: 6e12,
  towerGflops: 700,
  towerShare: 0.7,
  generationGbytes: 60,
  generationShare: 1.2
};

const withModel = (id: string): BenchReport => ({ ...report, model: { ...report.model, id } });

describe("the picture of a report", () => {
  it("shows the medians in their units, the machine and the version", () => {
    const svg = plot(report);
    for (const words of [
      ">medgemma-4b-it-Q4_K_M<",
      ">Some CPU · CPU, 8 threads · neon kernels<",
      ">8.50 s<",
      ">12.0 s<",
      ">80.0 tokens/s<",
      ">12.3 tokens/s<",
      ">70 % of 1000 GFLOPS<",
      ">120 % of 50.0 GB/s<",
      ">medgemma-local 1.2.3 · research and development, not a medical device<"
    ]) {
      expect(svg).toContain(words);
    }
  });

  it("has no bar longer than the longest", () => {
    const ends = [...plot(report).matchAll(/x="330" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(ends).toHaveLength(8); // six bars, two tracks
    expect(Math.max(...ends)).toBe(500);
  });

  it("leaves out what was not measured: a text-only model on a GPU", () => {
    const unknown = {
      towerFlops: null,
      towerGflops: null,
      towerShare: null,
      generationGbytes: null,
      generationShare: null
    };
    const gpu = { ...report.machine.gpu, backend: "cuda" as const, devices: ["Some GPU"] };
    const model = { ...report.model, mmproj: null, gpu: "cuda" as const };
    const svg = plot({
      ...report,
      ...unknown,
      model,
      machine: { ...report.machine, gpu },
      encodeMs: null,
      firstAnswerMs: null
    });
    expect(svg).toContain(">Some GPU · cuda<");
    expect(svg).toContain(">12.3 tokens/s<");
    expect(svg).not.toMatch(/NaN|Infinity|null|Time|Share|kernels/);
  });

  it("escapes what stands in a file's name, and can still be drawn", async () => {
    const svg = plot(withModel(`<b>&"x"</b>'\u0007\ud800`));
    expect(svg).toContain(">&lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt;&apos;<");
    expect((await renderSvg(svg)).subarray(1, 4).toString("latin1")).toBe("PNG");
  });

  it("shortens a name that does not fit", () => {
    expect(plot(withModel("m".repeat(100)))).toMatch(/>m{39}…</);
  });
});
