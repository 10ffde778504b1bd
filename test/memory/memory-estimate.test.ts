/** The estimate against the peak of a process that really answers. bench/memory.mjs does the same for large models. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { memoryEstimator } from "../../src/memory/memory-estimate.js";
import type { Answer } from "../../src/chat/types.js";
import { readTextModelFile } from "../../src/language/model-file.js";
import { loadAddon } from "../../src/native/load-addon.js";
import { demoProjector, demoText, film } from "../demo-model.js";
import { runCli } from "../cli/run-cli.js";

/** Peak resident memory while the command runs, and what it printed. Linux. */
async function runAndWatch(args: readonly string[]): Promise<{ readonly peakBytes: number; readonly stdout: string }> {
  let peakBytes = 0;
  const { stdout } = await runCli(args, {
    meddle: ({ pid = 0 }) => {
      const timer = setInterval(() => {
        try {
          const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
          peakBytes = Math.max(peakBytes, Number(kilobytes ?? 0) * 1024);
        } catch {
          clearInterval(timer); // it ended
        }
      }, 10);
    }
  });
  return { peakBytes, stdout };
}

describe.runIf(process.platform === "linux" && process.arch === "x64")("the memory of a question with an image", () => {
  it.each([2048, 8192, 32_768])(
    "at a context of %i tokens is as estimated: 5 %% under to 15 %% over",
    async (contextSize) => {
      const args = [
        "ask",
        "Describe the image.",
        "-i",
        film,
        "-m",
        "demo",
        "--gpu",
        "off",
        "--context",
        String(contextSize),
        "--json"
      ];
      // Node collects its garbage when it finds the time, on a busy machine later: that only adds to what a run needs.
      const runs = [await runAndWatch(args), await runAndWatch(args), await runAndWatch(args)];
      const peakBytes = Math.min(...runs.map((run) => run.peakBytes));
      const { usage } = JSON.parse(runs[0]?.stdout ?? "") as Answer;
      const addon = loadAddon();
      const options = {
        gpu: "off",
        isUnified: false,
        parallel: 1,
        tokens: usage.promptTokens + usage.completionTokens
      } as const;
      const estimateAt = memoryEstimator(
        await readTextModelFile(demoText),
        await addon.inspectProjector(demoProjector),
        addon,
        options
      );
      const { ram, cachedFileBytes } = estimateAt({ contextSize, gpuLayers: 0, towerOnGpu: false });
      const ratio = (ram.totalBytes + cachedFileBytes) / peakBytes;
      expect(ratio).toBeGreaterThan(0.95);
      expect(ratio).toBeLessThan(1.15);
    }
  );
});
