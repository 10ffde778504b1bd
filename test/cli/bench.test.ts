import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BenchReport } from "../../src/tools/bench/measure.js";
import { demoText } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const demo = ["bench", "-m", "demo", "--gpu", "off"];

describe("bench", () => {
  it("prints JSON, and writes a PNG", async () => {
    const picture = join(folder, "speed.png");
    const { stdout, stderr, code } = await runCli([...demo, "--repeat", "1", "--json", "--plot", picture]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as BenchReport;
    expect(report.model).toMatchObject({ id: "demo", gpu: "off", text: demoText });
    expect(report.machine.versions.nodeLlamaCpp).toBe("3.21.1");
    expect(report.limits.kernels).not.toBe("");
    const { loadMs, encodeMs, firstAnswerMs, promptTokensPerSecond, generationTokensPerSecond, threads } = report;
    for (const sample of [loadMs, encodeMs, firstAnswerMs, promptTokensPerSecond, generationTokensPerSecond]) {
      expect(sample?.values).toEqual([sample?.median]);
      expect(sample?.median).toBeGreaterThan(0);
    }
    expect(threads).toBe(1);
    expect(report.promptTokens).toBe(512);
    expect(report.peakMemoryBytes).toBeGreaterThan(20e6); // both files of the model
    // 256 patches, width 288, feed-forward 576, 4 layers.
    expect(report.towerFlops).toBe(
      2 * 256 * (3 * 14 ** 2 * 288 + 4 * (4 * 288 ** 2 + 2 * 288 * 576)) + 4 * 256 ** 2 * 288 * 4
    );
    expect(report.towerGflops).toBeCloseTo((report.towerFlops ?? 0) / (encodeMs?.median ?? 0) / 1e6, 6);
    expect(report.towerShare).toBeCloseTo((report.towerGflops ?? 0) / report.limits.gflops, 6);
    const textBytes = readFileSync(demoText).byteLength;
    expect(report.generationGbytes).toBeCloseTo((textBytes * generationTokensPerSecond.median) / 1e9, 6);
    expect(report.generationShare).toBeCloseTo((report.generationGbytes ?? 0) / report.limits.readGbytes, 6);
    expect([...readFileSync(picture).subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  });

  it("prints a table for people, and writes an SVG", async () => {
    const picture = join(folder, "speed.SVG");
    const { stdout, code } = await runCli([...demo, "--repeat", "2", "--context", "256", "--plot", picture]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^demo · .+ · CPU, 1 thread · \S+ kernels$/);
    expect(lines.slice(3).map((line) => line.split(/ {2,}/)[0])).toEqual([
      "load the model",
      "encode an image",
      "image to first token",
      "read a prompt of 128 tokens",
      "generate",
      "peak memory"
    ]);
    expect(stdout).toMatch(/\nencode an image +\S+ ms +\S+–\S+ +\d+ % of \S+ GFLOPS\n/);
    expect(stdout).toMatch(/\ngenerate +\S+ tokens\/s +\S+–\S+ +\d+ % of \S+ GB\/s\n/);
    expect(Math.max(...lines.slice(1).map((line) => line.length))).toBeLessThanOrEqual(100); // the first has the name of the CPU
    expect(readFileSync(picture, "utf8")).toMatch(/^<svg /);
  });

  it("prints the numbers even when the picture cannot be written", async () => {
    const { stdout, stderr, code } = await runCli([
      ...demo,
      "--repeat",
      "1",
      "--plot",
      join(folder, "missing", "speed.svg")
    ]);
    expect(stdout).toContain("peak memory");
    expect(stderr).toMatch(/^FILE_UNUSABLE: [^\n]+\n$/);
    expect(code).toBe(1);
  });

  it.each([
    ["--plot", "speed.gif"],
    ["--plot", "speed"],
    ["--repeat", "0"]
  ])("refuses %s %s at once", async (...args) => {
    const { stdout, stderr, code } = await runCli(["bench", ...args]);
    expect(stderr).toMatch(new RegExp(`^medgemma-local: ${args[0]} must [^\\n]+\\n$`));
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("stops at Ctrl-C", async () => {
    const { stdout, stderr, code } = await runCli([...demo, "--repeat", "10000"], {
      meddle: (child) => setTimeout(() => child.kill("SIGINT"), 2500)
    });
    expect(stdout).toBe("");
    expect(stderr).toBe("");
    expect(code).toBe(130);
  });
});
