import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadMedGemma } from "../../src/index.js";
import { film } from "../demo-model.js";

const rounds = Number(process.env.MEDGEMMA_STRESS_ROUNDS ?? 500);

/** Rounds before the first measurement: pools and caches of Node, V8 and libvips have their size then. */
const warmUp = 50;

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

describe("load, encode, ask, dispose", () => {
  it(`${rounds} times in one process grows resident memory by less than 5 %`, async () => {
    const measured: number[] = [];
    const path = join(tmpdir(), `medgemma-stress-${process.pid}.json`);
    for (let round = 1; round <= rounds; round += 1) {
      await using medgemma = await loadMedGemma("demo", { gpu: "off" });
      await using chat = await medgemma.createChat();
      // New pixels each round, so that nothing is cached.
      const rgb = new Uint8Array(300 * 200 * 3).fill(round % 256);
      const [encoded] = await medgemma.encode([{ source: "gray", width: 300, height: 200, rgb }]);
      expect(encoded?.tokens).toHaveLength(16 * 192);
      expect((await chat.ask("Is there a cross?", { images: [film] })).text).toBe("Yes, at the middle center.");
      await chat.save(path);
      const stopped = chat.ask("Describe the image.", {
        images: [{ source: "gray", width: 100, height: 100, rgb: rgb.slice(0, 30_000) }]
      });
      stopped.abort();
      expect((await stopped).stopReason).toBe("aborted");
      if (round >= warmUp && round % 25 === 0) measured.push(residentBytes());
    }
    rmSync(path);
    // Medians: how much garbage there is at the moment of a measurement is chance.
    const growth = median(measured.slice(-5)) / median(measured.slice(0, 5)) - 1;
    const report = { rounds, megabytes: measured.map((bytes) => Math.round(bytes / 1e6)), growth };
    console.log(JSON.stringify(report));
    if (process.env.MEDGEMMA_STRESS_REPORT !== undefined)
      writeFileSync(process.env.MEDGEMMA_STRESS_REPORT, JSON.stringify(report));
    expect(growth).toBeLessThan(0.05);
  });
});
