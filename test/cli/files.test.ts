import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { demoProjector, demoText, png } from "./broken-files.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const film = join(folder, "film.png");
writeFileSync(film, png(300));

describe("preview", () => {
  it("writes the square that the projector wants, and only that file", async () => {
    const seen = join(folder, "seen.png");
    const { code, stdout, stderr } = await runCli(["preview", film, "-o", seen, "-m", "demo"]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await sharp(seen).metadata()).toMatchObject({ width: 224, height: 224, channels: 3 });
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("needs no model with --size, and tells what it did with --json", async () => {
    const seen = join(folder, "seen-32.png");
    const { stdout } = await runCli(["preview", "-", "--output", seen, "--size", "32", "--fit", "stretch", "--json"], {
      input: png(300)
    });
    expect(JSON.parse(stdout)).toMatchObject({ output: seen, width: 300, height: 300, side: 32, fit: "stretch" });
  });
});

describe("encode", () => {
  it("writes float32 [images, tokens, hidden] and reports it", async () => {
    const output = join(folder, "tokens.npy");
    const { code, stdout, stderr } = await runCli(["encode", film, film, "-o", output, "-m", "demo", "--json"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { shape: [number, number, number]; images: unknown[] };
    expect(report).toMatchObject({ output, dtype: "float32", images: [{ cached: false }, { cached: true }] });
    const file = readFileSync(output);
    const [images, tokens, hidden] = report.shape;
    expect(images).toBe(2);
    expect(file.toString("latin1")).toContain(`'shape': (${images}, ${tokens}, ${hidden})`);
    expect(file.length - 10 - file.readUInt16LE(8)).toBe(images * tokens * hidden * 4);
  });

  it("writes the same bytes to stdout with -o -", async () => {
    const output = join(folder, "one.npy");
    await runCli(["encode", film, "-o", output, "-m", "demo"]);
    const { stdoutBytes } = await runCli(["encode", film, "-o", "-", "-m", "demo"]);
    expect(stdoutBytes.equals(readFileSync(output))).toBe(true);
  });
});

describe("inspect", () => {
  it("knows the demo model by its name, and says which ids there are not", async () => {
    expect((await runCli(["inspect", "demo"])).stdout).toContain("medgemma-demo-F32.gguf");
    expect(await runCli(["inspect", "1.5-4b-it"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("medgemma-local pull 1.5-4b-it") as string
    });
  });

  it.each([
    ["text", demoText],
    ["projector", demoProjector]
  ])("tells a %s file", async (kind, path) => {
    const asJson = await runCli(["inspect", path, "--json"]);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ kind });
    const asText = await runCli(["inspect", path]);
    expect(asText.stdout).toContain(kind);
    expect(asText.stderr).toBe("");
  });
});
