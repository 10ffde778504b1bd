import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readModelFile, readTextModelFile } from "../../src/language/model-file.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { demoProjector, demoText, film } from "../demo-model.js";

const folder = temporaryFolder();
const whole = readFileSync(demoText);
const fileOf = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
/** The file with 8 bytes replaced. */
const changed = (offset: number, value: bigint) => {
  const bytes = Buffer.from(whole);
  bytes.writeBigUInt64LE(value, offset);
  return bytes;
};

describe("readModelFile", () => {
  it("tells a text model from a projector", async () => {
    expect((await readModelFile(demoText)).architecture).toBe("gemma3");
    expect((await readModelFile(demoProjector)).architecture).toBe("clip");
    await expect(readTextModelFile(demoProjector)).rejects.toMatchObject({ code: "MODEL_MISMATCH" });
  });

  it.each([
    ["a missing file", () => join(folder, "nowhere.gguf"), "MODEL_NOT_FOUND"],
    ["a directory", () => folder, "FILE_UNUSABLE"],
    ["an empty file", () => fileOf("empty.gguf", Buffer.alloc(0)), "MODEL_CORRUPT"],
    ["a picture", () => film, "MODEL_CORRUPT"],
    [
      "a file of a later version",
      () => fileOf("version.gguf", Buffer.concat([Buffer.from("GGUF\x09\0\0\0"), whole.subarray(8)])),
      "MODEL_CORRUPT"
    ],
    ["2^63 tensors", () => fileOf("tensors.gguf", changed(8, 2n ** 63n)), "MODEL_CORRUPT"],
    ["2^40 keys", () => fileOf("keys.gguf", changed(16, 2n ** 40n)), "MODEL_CORRUPT"],
    ["a first key of 2^60 letters", () => fileOf("letters.gguf", changed(24, 2n ** 60n)), "MODEL_CORRUPT"],
    ["a file cut in the header", () => fileOf("header.gguf", whole.subarray(0, 20_000)), "MODEL_CORRUPT"],
    ["a file cut in the weights", () => fileOf("weights.gguf", whole.subarray(0, whole.length - 5000)), "MODEL_CORRUPT"]
  ])("refuses %s", async (_what, path, code) => {
    await expect(readModelFile(path())).rejects.toMatchObject({ name: "MedGemmaError", code });
  });

  it("survives 200 damaged headers in time", async () => {
    let state = 20260524;
    const random = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    for (let round = 0; round < 200; round += 1) {
      const bytes = Buffer.from(whole.subarray(0, 60_000));
      for (let change = 0; change < 3; change += 1) bytes[random(round < 100 ? 1500 : 60_000)] = random(256);
      await expect(readModelFile(fileOf("damaged.gguf", bytes))).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
    }
  }, 30_000);
});
