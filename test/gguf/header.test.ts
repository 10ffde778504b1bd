/** Headers of GGUF files that nobody trusts. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { numberOf, readGgufHeader, textOf, textsOf } from "../../src/gguf/header.js";
import { identifyGguf } from "../../src/gguf/identify.js";
import { demoProjector, demoText } from "../demo-model.js";
import { demoTextContent, ollamaFile, projectorOfAnotherKind, splitInTwo, stub, write } from "../published-files.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-gguf-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(bytes: Buffer): string {
  const path = join(folder, "x.gguf");
  writeFileSync(path, bytes);
  return path;
}

/** Magic, version 3, counts, and what follows. */
function header(tensors: bigint, values: bigint, ...rest: (string | Buffer)[]): Buffer {
  const counts = Buffer.alloc(20);
  counts.writeUInt32LE(3);
  counts.writeBigUInt64LE(tensors, 4);
  counts.writeBigUInt64LE(values, 12);
  return Buffer.concat([
    Buffer.from("GGUF"),
    counts,
    ...rest.map((part) => (typeof part === "string" ? text(part) : part))
  ]);
}

function text(value: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([length, Buffer.from(value)]);
}

describe("readGgufHeader", () => {
  it("reads keys and tensors as node-llama-cpp does", async () => {
    const { readGgufFileInfo } = await import("node-llama-cpp");
    const [ours, theirs] = [await readGgufHeader(demoText), await readGgufFileInfo(demoText, { logWarnings: false })];
    expect(textOf(ours.values.get("general.architecture"))).toBe("gemma3");
    expect(numberOf(ours.values.get("gemma3.embedding_length"))).toBe(theirs.architectureMetadata.embedding_length);
    expect(textsOf(ours.values.get("tokenizer.ggml.tokens"))).toEqual(theirs.metadata.tokenizer.ggml.tokens);
    expect(ours.tensors.map(({ name, shape, offset }) => [name, shape, offset + ours.dataOffset])).toEqual(
      theirs.tensorInfo?.map(({ name, dimensions, fileOffset }) => [name, dimensions.map(Number), Number(fileOffset)])
    );
  });

  it("refuses a header that is cut anywhere", async () => {
    const whole = readFileSync(demoText);
    const { dataOffset } = await readGgufHeader(demoText);
    for (let length = 4; length < dataOffset - 32; length += 1 + Math.floor(dataOffset / 97)) {
      await expect(readGgufHeader(file(whole.subarray(0, length)))).rejects.toMatchObject({
        code: "MODEL_CORRUPT",
        message: expect.stringContaining("ends inside its header") as string
      });
    }
  });

  it.each([
    ["nothing", Buffer.alloc(0), "does not begin"],
    ["another file", Buffer.from("PK\u0003\u0004 and more"), "does not begin"],
    ["more keys than it could hold", header(0n, 2n ** 40n), "ends inside"],
    ["a count beyond all numbers", header(0n, 2n ** 63n), "impossible"],
    [
      "a text longer than the file",
      header(0n, 1n, "a", Buffer.from([8, 0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0])),
      "ends inside"
    ],
    ["a type that does not exist", header(0n, 1n, "a", Buffer.from([77, 0, 0, 0])), "value type 77"],
    [
      "an array of arrays",
      header(0n, 1n, "a", Buffer.from([9, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])),
      "value type 9"
    ],
    ["a key twice", header(0n, 2n, "a", Buffer.from([0, 0, 0, 0, 1]), "a", Buffer.from([0, 0, 0, 0, 1])), "twice"],
    ["a tensor of nine dimensions", header(1n, 0n, "t", Buffer.from([9, 0, 0, 0])), "9 dimensions"]
  ])("refuses %s", async (_what, bytes, words) => {
    await expect(readGgufHeader(file(bytes))).rejects.toMatchObject({
      code: "MODEL_CORRUPT",
      message: expect.stringContaining(words) as string
    });
  });

  it.skipIf(process.platform === "win32")("does not wait for a pipe", async () => {
    const path = join(folder, "pipe.gguf");
    execFileSync("mkfifo", [path]);
    const opened = readGgufHeader(path);
    await expect(opened).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
  });
});

describe("identifyGguf", () => {
  it.each([
    ["text", () => demoText],
    ["projector", () => demoProjector],
    ["ollama", () => write(join(folder, "o.gguf"), ollamaFile())],
    ["ollama", () => write(join(folder, "t.gguf"), ollamaFile({ hasTower: false }))],
    ["part", () => write(join(folder, "p-00002-of-00002.gguf"), splitInTwo(demoTextContent)[1])],
    ["adapter", () => write(join(folder, "l.gguf"), stub("gemma3", "adapter"))],
    ["imatrix", () => write(join(folder, "i.gguf"), stub("", "imatrix"))],
    ["other-projector", () => write(join(folder, "v.gguf"), projectorOfAnotherKind())],
    ["other", () => write(join(folder, "q.gguf"), stub("qwen3"))]
  ])("knows what is %s", async (kind, make) => {
    expect((await identifyGguf(make())).kind).toBe(kind);
  });
});
