import { copyFileSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { prepareImage } from "../../src/index.js";
import { after, film } from "../demo-model.js";
import { pattern } from "../pattern.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
const asked = ["-m", "demo", "--gpu", "off"];

/** A file with a schema that has one answer only. */
function schemaFile(name: string, box: readonly number[], label = "a", more: object = {}): string {
  const numbers = {
    type: "array",
    prefixItems: box.map((edge) => ({ enum: [edge] })),
    items: { enum: [0] },
    minItems: 4,
    maxItems: 4
  };
  const path = join(folder, name);
  const entry = { type: "object", properties: { box_2d: numbers, label: { enum: [label] }, ...more } };
  writeFileSync(path, JSON.stringify({ type: "array", items: entry, minItems: 1, maxItems: 1 }));
  return path;
}

async function pixelsOf(path: string) {
  return await sharp(path).removeAlpha().toColourspace("srgb").raw().toBuffer();
}

describe("ask --boxes", () => {
  it("draws what was located on the picture itself, and says the pixels with --json", async () => {
    const output = join(folder, "found.png");
    const { code, stdout, stderr } = await runCli([
      "ask",
      "Where is the cross?",
      "-i",
      film,
      "--boxes",
      output,
      "--json",
      ...asked
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { boxes, rejectedBoxes } = JSON.parse(stdout) as {
      boxes: { box: { x: number; y: number; width: number; height: number } }[];
      rejectedBoxes: unknown;
    };
    expect(rejectedBoxes).toEqual([]);
    expect(boxes).toMatchObject([{ label: "cross", image: 0 }]);
    expect(await sharp(output).metadata()).toMatchObject({ format: "png", width: 280, height: 224, channels: 3 });
    const [original, drawn] = [await pixelsOf(film), await pixelsOf(output)];
    const differs = (x: number, y: number) =>
      [0, 1, 2].some((channel) => original[(y * 280 + x) * 3 + channel] !== drawn[(y * 280 + x) * 3 + channel]);
    const { x = 0, y = 0, width = 0, height = 0 } = boxes[0]?.box ?? {};
    expect(differs(Math.floor(x) - 1, Math.round(y + height / 2))).toBe(true);
    expect(differs(Math.round(x + width / 2), Math.round(y + height / 2))).toBe(false);
    expect(differs(5, 5)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("prints the answer alone, and tells what is not drawn", async () => {
    const output = join(folder, "rejected.png");
    const schema = schemaFile("bars.json", [0, 0, 50, 1000], "<script>");
    const { code, stdout, stderr } = await runCli([
      "ask",
      "Where?",
      "-i",
      film,
      "--schema",
      schema,
      "--boxes",
      output,
      ...asked
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\[.*\]\s+$/s);
    expect(stderr).toMatch(/^Not drawn, it lies entirely in the black bars next to the picture: [^\n]+\n$/);
    expect(await pixelsOf(output)).toEqual(await pixelsOf(film));
  });

  it("writes the picture as it is where nothing was located, over an older drawing", async () => {
    const output = join(folder, "old.png");
    writeFileSync(output, "an older drawing");
    expect((await runCli(["ask", "Is there a cross?", "-i", film, "--boxes", output, ...asked])).code).toBe(0);
    expect(await pixelsOf(output)).toEqual(await pixelsOf(film));
  });

  it("writes a file for each of several pictures", async () => {
    const output = join(folder, "two.png");
    const schema = schemaFile("second.json", [200, 200, 800, 800], "a", { image: { enum: [2] } });
    const { code } = await runCli([
      "ask",
      "Where?",
      "-i",
      film,
      "-i",
      after,
      "--schema",
      schema,
      "--boxes",
      output,
      ...asked
    ]);
    expect(code).toBe(0);
    expect(existsSync(output)).toBe(false);
    expect(await pixelsOf(join(folder, "two-1.png"))).toEqual(await pixelsOf(film));
    expect(await pixelsOf(join(folder, "two-2.png"))).not.toEqual(await pixelsOf(after));
    const { width, height } = await sharp(after).metadata();
    expect(await sharp(join(folder, "two-2.png")).metadata()).toMatchObject({ width, height });
  });

  it("draws on the picture as it is turned by its EXIF orientation", async () => {
    const turned = join(folder, "turned.jpg");
    await sharp(film).jpeg().withMetadata({ orientation: 6 }).toFile(turned);
    const output = join(folder, "turned.png");
    await runCli([
      "ask",
      "Where?",
      "-i",
      turned,
      "--schema",
      schemaFile("whole.json", [100, 100, 900, 900]),
      "--boxes",
      output,
      ...asked
    ]);
    expect(await sharp(output).metadata()).toMatchObject({ width: 224, height: 280 });
  });

  it("never writes over a picture that it reads", async () => {
    const image = join(folder, "mine.png");
    const link = join(folder, "link.png");
    const second = join(folder, "out-2.png");
    for (const copy of [image, second]) copyFileSync(film, copy);
    symlinkSync(image, link);
    const tries = [
      ["-i", image, "--boxes", image],
      ["-i", image, "--boxes", link],
      ["-i", image, "-i", second, "--boxes", join(folder, "out.png")]
    ];
    for (const args of tries) {
      const { code, stderr, stdout } = await runCli(["ask", "Where is the cross?", ...args, ...asked]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("is the input image itself");
      expect(stderr).toContain("--boxes");
    }
    for (const copy of [image, second]) expect(readFileSync(copy).equals(readFileSync(film))).toBe(true);
  });

  it.each([
    [["ask", "x", "--boxes", "a.png"], "Name one with --image"],
    [["ask", "x", "-i", film, "--boxes", "-"], "--boxes needs a file"],
    [["ask", "x", "-i", film, "--boxes", "a.png", "--boxes", "b.png"], "--boxes is given more than once"],
    [["ask", "x", "-i", film, "--boxs", "a.png"], "Did you mean --boxes?"]
  ])("%j is wrong usage", async (args, words) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });

  it("fails in one line when the file cannot be written, after the answer", async () => {
    const { code, stdout, stderr } = await runCli([
      "ask",
      "Where is the cross?",
      "-i",
      film,
      "--boxes",
      join(folder, "nowhere", "a.png"),
      ...asked
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain("box_2d");
    expect(stderr).toMatch(/^FILE_UNUSABLE: [^\n]+\n$/);
  });
});

describe("--fit crops", () => {
  const long = join(folder, "long.png");
  const { width, height, rgb } = pattern(700, 300);
  const crops = [
    { x: 0, y: 0, width: 350, height: 300 },
    { x: 350, y: 0, width: 350, height: 300 }
  ];
  const write = async () =>
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(long);

  it("shows with preview exactly the squares that the model sees", async () => {
    await write();
    for (const size of [56, 224]) {
      const sheet = join(folder, `sheet-${size}.png`);
      const { code, stdout } = await runCli([
        "preview",
        long,
        "-o",
        sheet,
        "--size",
        String(size),
        "--fit",
        "crops",
        "--json"
      ]);
      expect(code).toBe(0);
      const report = JSON.parse(stdout) as {
        sha256: string;
        tiles: { x: number; y: number; width: number; height: number }[];
      };
      const image = await prepareImage(long, { side: size, fit: "crops" });
      expect(report).toMatchObject({ width, height, side: size, fit: "crops", sha256: image.sha256, crops });
      const hashes = [];
      for (const { x, y, ...tile } of report.tiles) {
        const pixels = await sharp(sheet)
          .extract({ left: x, top: y, ...tile })
          .raw()
          .toBuffer();
        hashes.push(createHash("sha256").update(pixels).digest("hex"));
      }
      expect(hashes).toEqual([image.sha256, ...image.crops.map(({ sha256 }) => sha256)]);
    }
  });

  it("shows with preview one square where there are no crops", async () => {
    const seen = join(folder, "square.png");
    const { stdout } = await runCli(["preview", film, "-o", seen, "--size", "56", "--fit", "crops", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ crops: [], fit: "crops" });
    expect(await sharp(seen).metadata()).toMatchObject({ width: 56, height: 56, channels: 3 });
  });

  it("is in the JSON of ask and encode", async () => {
    await write();
    const answer = await runCli(["ask", "Describe the image.", "-i", long, "--fit", "crops", "--json", ...asked]);
    expect(JSON.parse(answer.stdout)).toMatchObject({
      images: [{ source: long, width, height, crops, tokens: 48 }],
      usage: { imageTokens: 48 }
    });
    const output = join(folder, "crops.npy");
    const encoded = await runCli(["encode", long, film, "-o", output, "--fit", "crops", "--json", ...asked]);
    expect(JSON.parse(encoded.stdout)).toMatchObject({
      shape: [4, 16, 192],
      images: [
        { crops, tokens: 48 },
        { crops: [], tokens: 16 }
      ]
    });
    const file = readFileSync(output);
    expect(file.length - 10 - file.readUInt16LE(8)).toBe(4 * 16 * 192 * 4);
    const padded = await runCli(["encode", long, "-o", output, "--json", ...asked]);
    expect((JSON.parse(padded.stdout) as { images: object[] }).images[0]).not.toHaveProperty("crops");
  });
});
