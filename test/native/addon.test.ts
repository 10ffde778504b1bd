import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeVisionEncoder } from "../../src/native/addon.js";
import { loadAddon } from "../../src/native/load-addon.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { demoProjector, demoText } from "../demo-model.js";

const addon = loadAddon("off");
const folder = temporaryFolder();
const gray = new Uint8Array(224 * 224 * 3).fill(90);

describe("inspectProjector", () => {
  it("tells the tower's sizes and loads nothing", async () => {
    const facts = await addon.inspectProjector(demoProjector);
    expect(facts).toMatchObject({
      path: demoProjector,
      imageSize: 224,
      patchSize: 14,
      layers: 4,
      width: 288,
      heads: 4,
      tokensPerImage: 16,
      projectionSize: 192,
      weightType: "F32"
    });
    const { cpu, gpu } = facts.memory;
    expect(cpu.weightBytes / facts.byteLength).toBeCloseTo(1, 1);
    // Heads of 72 become 80 on a GPU.
    expect(gpu.weightBytes).toBeGreaterThan(cpu.weightBytes);
    for (const { workBytes } of [cpu, gpu]) expect(workBytes).toBeGreaterThan(1e6);
  });

  it.each([
    ["a missing file", () => "nowhere.gguf", "MODEL_NOT_FOUND"],
    ["a directory", () => folder, "FILE_UNUSABLE"],
    ["a text model", () => demoText, "MODEL_MISMATCH"],
    ["text", () => fileOf("text.gguf", Buffer.from("no model")), "MODEL_CORRUPT"],
    ["an empty file", () => fileOf("empty.gguf", Buffer.alloc(0)), "MODEL_CORRUPT"],
    ["a cut off file", () => fileOf("cut.gguf", readFileSync(demoProjector).subarray(0, 1_000_000)), "MODEL_CORRUPT"],
    ["a path with a zero byte", () => "a\0b", "MODEL_NOT_FOUND"]
  ])("refuses %s, as loading does", async (_what, path, code) => {
    await expect(addon.inspectProjector(path())).rejects.toMatchObject({ name: "MedGemmaError", code });
    await expect(addon.loadVisionEncoder(path(), { gpu: false, threads: 1 })).rejects.toMatchObject({
      name: "MedGemmaError",
      code
    });
  });

  it("finds a file whose name is not ASCII", async () => {
    const path = fileOf("Bild – 画像 é.gguf", readFileSync(demoProjector));
    expect((await addon.inspectProjector(path)).path).toBe(path);
  });
});

describe("a vision encoder", () => {
  let encoder: NativeVisionEncoder;
  beforeAll(async () => {
    encoder = await addon.loadVisionEncoder(demoProjector, { gpu: false, threads: 1 });
  });
  afterAll(async () => await encoder.dispose());

  it("names its device", () => expect(encoder.device).toBe("CPU"));

  it("gives finite tokens, the same each time", async () => {
    const once = await encoder.encode(gray).tokens;
    expect(once).toHaveLength(16 * 192);
    expect(once.every(Number.isFinite)).toBe(true);
    expect(await encoder.encode(gray).tokens).toEqual(once);
  });

  it("has taken its copy of the pixels when the call returns", async () => {
    const expected = await encoder.encode(gray).tokens;
    const pixels = new Uint8Array(gray);
    const run = encoder.encode(pixels);
    pixels.fill(0);
    expect(await run.tokens).toEqual(expected);
  });

  it("encodes what is asked at once one after another", async () => {
    const order: string[] = [];
    const pictures = [10, 100, 200].map((shade) => new Uint8Array(gray.length).fill(shade));
    const together = await Promise.all(
      pictures.map((picture, index) => encoder.encode(picture, (layer) => order.push(`${index}.${layer}`)).tokens)
    );
    expect(order).toEqual(["0.1", "0.2", "0.3", "0.4", "1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3", "2.4"]);
    for (const [index, picture] of pictures.entries())
      expect(await encoder.encode(picture).tokens).toEqual(together[index]);
  });

  it("stops one that is aborted, and no other", async () => {
    const runs = [encoder.encode(gray), encoder.encode(gray), encoder.encode(gray)];
    runs[1]?.abort();
    const results = await Promise.allSettled(runs.map(({ tokens }) => tokens));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { name: "MedGemmaError", code: "ABORTED" } });
    runs[0]?.abort(); // too late: nothing happens
  });

  it.each([
    ["too few bytes", new Uint8Array(3)],
    ["no bytes", new Uint8Array(0)]
  ])("refuses %s", async (_what, pixels) => {
    await expect(encoder.encode(pixels).tokens).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each([[5], ["x"], [null], [[1, 2]], [new Float32Array(gray.length)], [undefined]])(
    "refuses %j instead of pixels",
    (pixels) => {
      expect(() => encoder.encode(pixels as unknown as Uint8Array)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" })
      );
    }
  );

  it("does not block the event loop", async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await Promise.all(Array.from({ length: 10 }, () => encoder.encode(gray).tokens));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(20);
  });
});

describe("dispose", () => {
  it("stops what runs, refuses what waits and what comes later", async () => {
    const encoder = await addon.loadVisionEncoder(demoProjector, { gpu: false, threads: 1 });
    const runs = [encoder.encode(gray), encoder.encode(gray)];
    const disposal = encoder.dispose();
    const late = encoder.encode(gray);
    const results = await Promise.allSettled([...runs, late].map(({ tokens }) => tokens));
    await disposal;
    await encoder.dispose();
    for (const result of results.slice(1)) expect(result).toMatchObject({ reason: { code: "DISPOSED" } });
  });
});

describe("the other functions", () => {
  it.each([
    ["fitToSquare", () => addon.fitToSquare(gray, 2, 2, 4, "crop" as "pad")],
    ["fitToSquare", () => addon.fitToSquare("x" as unknown as Uint8Array, 2, 2, 4, "pad")],
    ["inspectProjector", () => addon.inspectProjector(undefined as unknown as string)],
    ["loadVisionEncoder", () => addon.loadVisionEncoder(demoProjector, { gpu: false, threads: 0 })],
    [
      "prepareContext",
      () => addon.prepareContext(5 as unknown as object, { contextSize: 1, batchSize: 1, sequences: 1, threads: 1 })
    ],
    ["repacksWeight", () => addon.repacksWeight(-1, 256, 8)],
    ["repacksWeight", () => addon.repacksWeight(12, 255, 8)],
    ["measureMachine", () => addon.measureMachine("F8", 1)],
    ["measureMachine", () => addon.measureMachine("F16", 0)],
    ["decodeImage", () => addon.decodeImage({}, gray as unknown as Float32Array, 0, 0)]
  ])("%s refuses arguments of the wrong kind", (_name, call) => {
    expect(() => call()).toThrow(expect.objectContaining({ name: "MedGemmaError", code: "INVALID_ARGUMENT" }));
  });

  it("repacksWeight says of no type without blocks that the CPU copies it, nor of rows that do not fill a kernel", () => {
    for (const type of [0, 1, 30]) expect(addon.repacksWeight(type, 256, 8)).toBe(false);
    expect(addon.repacksWeight(12, 256, 7)).toBe(false); // Q4_K
  });

  it("measureMachine tells what the cores can do", async () => {
    const limits = await addon.measureMachine("F32", 1);
    expect(limits.kernels).toMatch(/^[a-z0-9-]+$/);
    expect(limits.gflops).toBeGreaterThan(0.1);
    expect(limits.readGbytes).toBeGreaterThan(0.1);
    // Faster than any core there is: then the compiler has left the work out.
    expect(limits.gflops).toBeLessThan(2000);
    expect(limits.readGbytes).toBeLessThan(2000);
  });

  it("preferHugePages may be called at any time", () => {
    addon.preferHugePages();
    addon.preferHugePages();
  });

  it("fitToSquare refuses sizes that do not fit the bytes", async () => {
    await expect(addon.fitToSquare(gray, 2, 2, 4, "pad")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(addon.fitToSquare(gray, Number.NaN, 2, 4, "pad")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(addon.fitToSquare(gray, 224, 224, 1e9, "pad")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
