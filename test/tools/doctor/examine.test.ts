import { copyFileSync, mkdtempSync, openSync, closeSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGgufFileInfo } from "node-llama-cpp";
import { afterAll, describe, expect, it } from "vitest";
import { examine } from "../../../src/tools/doctor/examine.js";
import { demoProjector, demoText } from "../../demo-model.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-doctor-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A copy of a model in which the first value of a tensor has another sign and is ten times larger: what a bad step would do. */
async function spoil(path: string, tensor: string): Promise<string> {
  const copy = join(folder, `${tensor}.gguf`);
  copyFileSync(path, copy);
  const { fullTensorInfo } = await readGgufFileInfo(path, { sourceType: "filesystem", logWarnings: false });
  const offset = fullTensorInfo?.find(({ name }) => name === tensor)?.fileOffset;
  const file = openSync(copy, "r+");
  const values = new Float32Array(64);
  readSync(file, values, 0, values.byteLength, Number(offset));
  writeSync(
    file,
    values.map((value) => -10 * value),
    0,
    values.byteLength,
    Number(offset)
  );
  closeSync(file);
  return copy;
}

const steps = [
  "pixels",
  "patch embedding",
  "layer 1",
  "layer 2",
  "layer 3",
  "layer 4",
  "post norm",
  "pooled",
  "image tokens",
  "logits",
  "answer"
];

describe("doctor", () => {
  it("finds that a right machine sees correctly", async () => {
    const { seesCorrectly, verdict, checks, machine } = await examine({ gpu: "off" });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(steps);
    expect(seesCorrectly).toBe(true);
    expect(verdict).toBe("This machine sees correctly (on the CPU).");
    expect(machine.versions.nodeLlamaCpp).toBe("3.21.1");
    expect(machine.cpu.features).not.toEqual([]);
    expect(machine.gpu).toEqual({ backend: "off", devices: [], missed: null, totalBytes: null, freeBytes: null });
  });

  it.each([
    ["v.patch_embd.weight", "patch embedding"],
    ["v.blk.2.attn_q.weight", "layer 3"],
    ["v.post_ln.weight", "post norm"],
    ["mm.input_projection.weight", "image tokens"]
  ])("names the first step that is off when %s is wrong", async (tensor, step) => {
    const { seesCorrectly, verdict, checks } = await examine(
      { gpu: "off", mmproj: await spoil(demoProjector, tensor) },
      demoText
    );
    expect(checks.find(({ ok }) => !ok)?.name).toBe(step);
    expect(seesCorrectly).toBe(false);
    expect(verdict).toMatch(
      `This machine does NOT see correctly (on the CPU): the first wrong step is "${step}", relative error `
    );
  });

  it("names the logits when only the text model is wrong", async () => {
    const { verdict } = await examine(
      { gpu: "off", mmproj: demoProjector },
      await spoil(demoText, "blk.4.ffn_up.weight")
    );
    expect(verdict).toContain('the first wrong step is "logits"');
  });
});
