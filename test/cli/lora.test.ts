import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { demoText, film } from "../demo-model.js";
import { adapterKeys, randomPairs, writePairs } from "../lora-gguf.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const adapter = join(folder, "adapter.gguf");
beforeAll(async () => {
  writePairs(adapter, adapterKeys(8), await randomPairs(demoText, 4, 1));
});

interface AskJson {
  readonly text: string;
  readonly model: { readonly lora: readonly { readonly path: string; readonly scale: number }[] };
}

async function ask(...args: string[]): Promise<AskJson> {
  const { stdout, stderr, code } = await runCli(["ask", ...args, "-i", film, "-m", "demo", "--json"], { cwd: folder });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as AskJson;
}

describe("--lora", () => {
  it("applies an adapter with its scale, wherever it stands, and tells it", async () => {
    const plain = await ask("Describe the image.");
    const whole = await ask("--lora", `${adapter}:0`, "Describe the image.");
    const adapted = await ask("Describe the image.", "--lora", `${adapter}:3`);
    expect(plain.model.lora).toEqual([]);
    expect(whole.text).toBe(plain.text);
    expect(adapted.text).not.toBe(plain.text);
    expect(adapted.model.lora).toEqual([{ path: adapter, scale: 3 }]);
  });

  // Windows has no such names.
  it.skipIf(process.platform === "win32")(
    "is taken several times, with relative paths, negative scales and colons in names",
    async () => {
      copyFileSync(adapter, join(folder, "a:2"));
      copyFileSync(adapter, join(folder, "a:b.gguf"));
      const { model } = await ask(
        "--lora",
        "adapter.gguf",
        "--lora",
        "a:2",
        "--lora=a:b.gguf:-1.5",
        "Describe the image."
      );
      expect(model.lora).toEqual([
        { path: "adapter.gguf", scale: 1 },
        { path: "a:2", scale: 1 },
        { path: "a:b.gguf", scale: -1.5 }
      ]);
    }
  );

  it.each([
    ["C:\\adapters\\x.gguf:0.5", "C:\\adapters\\x.gguf"],
    ["C:\\adapters\\x.gguf", "C:\\adapters\\x.gguf"],
    ["C:x.gguf", "C:x.gguf"],
    ["C:/adapters/x:0.5", "C:/adapters/x"],
    ["https://example.org/x.bin", "https://example.org/x.bin"]
  ])("reads %s as the file %s, and says that it is missing", async (given, path) => {
    const { code, stdout, stderr } = await runCli(["ask", "x", "-m", "demo", "--lora", given]);
    expect(stderr).toMatch(/^MODEL_NOT_FOUND: [^\n]+\n$/);
    expect(stderr).toContain(` ${path}`);
    expect(stderr).not.toContain("0.5");
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });

  it("is named to whoever gives an adapter as the model", async () => {
    const { code, stderr } = await runCli(["ask", "x", "-m", adapter]);
    expect(stderr).toMatch(/^MODEL_MISMATCH: [^\n]+--lora[^\n]*\n$/);
    expect(code).toBe(1);
  });

  it("is measured by bench", async () => {
    const { stdout, code } = await runCli([
      "bench",
      "-m",
      "demo",
      "--gpu",
      "off",
      "--lora",
      `${adapter}:0.5`,
      "--repeat",
      "1",
      "--json"
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ model: { id: "demo", lora: [{ path: adapter, scale: 0.5 }] } });
  });
});

describe("inspect", () => {
  it("tells an adapter, for people and for programs", async () => {
    const asJson = await runCli(["inspect", adapter, "--json"]);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      kind: "lora",
      ranks: [4],
      alpha: 8,
      tensorCount: 98,
      hiddenSize: 192
    });
    const { stdout, stderr } = await runCli(["inspect", adapter]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^changed layers +0, 1, 2, 3, 4, 5, 6$/m);
    expect(stdout).toMatch(/^ranks +4$/m);
  });
});

describe("chat", () => {
  it("answers under an adapter", async () => {
    const answer = async (...args: string[]) =>
      (await runCli(["chat", "-m", "demo", ...args], { input: "How many shapes are there?\n" })).stdout;
    expect(await answer("--lora", `${adapter}:6`)).not.toBe(await answer());
  });
});
