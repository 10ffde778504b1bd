/** Pixels that are not square are made square before anything else, as Pillow enlarges; boxes come back in the pixels of the file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { boxToPixels } from "../../src/image/box-to-pixels.js";
import { withSquarePixels } from "../../src/image/square-pixels.js";
import { decodeImage, prepareImage, readSeries } from "../../src/index.js";
import { slice } from "../dicom/fixtures.js";

const root = mkdtempSync(join(tmpdir(), "medgemma-aspect-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface SquareFact {
  readonly width: number;
  readonly height: number;
  readonly pixelAspect: number;
  readonly wide: number;
  readonly tall: number;
  readonly rgb: string;
  readonly square: string;
}

const facts = JSON.parse(
  readFileSync(new URL("../fixtures/reference/square-pixels.json", import.meta.url), "utf8")
) as SquareFact[];

describe("pixels that are not square", () => {
  it.each(facts)(
    "$width × $height, $pixelAspect times as high as wide, become $wide × $tall as in Pillow",
    ({ width, height, pixelAspect, wide, tall, rgb, square }) => {
      const made = withSquarePixels({ source: "x", width, height, pixelAspect, rgb: Buffer.from(rgb, "base64") });
      expect([made.width, made.height]).toEqual([wide, tall]);
      expect(Buffer.from(made.rgb).equals(Buffer.from(square, "base64"))).toBe(true);
    }
  );

  it.each([
    ["Pixel Spacing", { "0028,0030 DS": "2\\1" }, 2],
    ["Imager Pixel Spacing", { "0028,0030 DS": null, "0018,1164 DS": "0.1\\0.2" }, 0.5],
    ["Nominal Scanned Pixel Spacing", { "0028,0030 DS": null, "0018,2010 DS": "0.75\\0.5" }, 1.5],
    ["Pixel Aspect Ratio", { "0028,0030 DS": null, "0028,0034 IS": "4\\3" }, 4 / 3],
    ["a spacing of almost the same", { "0028,0030 DS": "0.4883\\0.4880" }, 1],
    ["no spacing", { "0028,0030 DS": null }, 1],
    ["a spacing of 0", { "0028,0030 DS": "0\\0", "0028,0034 IS": "2\\1" }, 2]
  ] as const)("are told by %s", async (_what, attributes, aspect) => {
    const { pixelAspect, notes = [], width, height } = await decodeImage(slice(9, attributes));
    expect([pixelAspect, width, height]).toEqual([aspect, 4, 4]);
    expect(notes.some((note) => note.startsWith("pixels "))).toBe(aspect !== 1);
  });

  it("that cannot be, or are said in two ways, are told", async () => {
    expect(await decodeImage(slice(9, { "0028,0030 DS": "100\\0.001" }))).toMatchObject({
      pixelAspect: 1,
      warnings: [expect.stringContaining("which cannot be") as string]
    });
    expect(await decodeImage(slice(9, { "0028,0030 DS": "2\\1", "0028,0034 IS": "1\\1" }))).toMatchObject({
      pixelAspect: 2,
      warnings: [expect.stringContaining("contradict each other") as string]
    });
  });

  it("are made square before the picture is padded, which the preprocessing tells; aspect: false leaves them", async () => {
    const file = slice(9, { "0028,0030 DS": "2\\1", "0028,1050 DS": "9", "0028,1051 DS": "1" });
    const [square, stored] = [
      await prepareImage(file, { side: 8 }),
      await prepareImage(file, { side: 8, aspect: false })
    ];
    const columnsOf = (rgb: Uint8Array) =>
      Array.from({ length: 8 }, (_one, x) => ((rgb[3 * x] ?? 0) > 0 ? "#" : ".")).join("");
    expect([columnsOf(square.rgb), columnsOf(stored.rgb)]).toEqual(["..####..", "########"]);
    expect([square.width, square.height, square.preprocessing?.pixelAspect, square.notes?.at(-1)]).toEqual([
      4,
      4,
      2,
      "pixels made square (bilinear)"
    ]);
    expect([stored.preprocessing?.pixelAspect, stored.notes?.at(-1)]).toEqual([1, "pixels shown as they are stored"]);
  });

  it("that would make the picture too large are refused, with the way out", async () => {
    const image = { source: "wide", width: 1, height: 10_000, pixelAspect: 20, rgb: new Uint8Array(30_000) };
    await expect(prepareImage(image, { side: 8 })).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE",
      remedy: { option: "aspect" }
    });
    await expect(decodeImage({ ...image, pixelAspect: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("of a series are square in each slice", async () => {
    const path = join(root, "slice");
    writeFileSync(path, slice(9, { "0028,0030 DS": "1\\3" }));
    const { slices, notes } = await readSeries(path);
    expect([slices[0]?.pixelAspect, notes]).toEqual([
      1 / 3,
      expect.arrayContaining(["pixels are 3 times as wide as high"])
    ]);
    const image = slices[0] ?? "";
    expect((await prepareImage(image, { side: 12 })).preprocessing?.pixelAspect).toBe(1 / 3);
  });

  it("of crops are counted in the pixels of the file", async () => {
    const image = { source: "long", width: 300, height: 300, pixelAspect: 2, rgb: new Uint8Array(270_000) };
    const { crops } = await prepareImage(image, { side: 8, fit: "crops" });
    expect(crops.map(({ box }) => box)).toEqual([
      { x: 0, y: 0, width: 300, height: 150 },
      { x: 0, y: 150, width: 300, height: 150 }
    ]);
  });
});

describe("a box on a picture whose pixels were made square", () => {
  it("comes back in the pixels of the file", () => {
    // 100 × 100 stored, 100 × 200 seen: bars of 50 on the left and right of a square of 200.
    expect(boxToPixels([250, 250, 750, 750], { width: 100, height: 100, fit: "pad", pixelAspect: 2 })).toEqual({
      x: 0,
      y: 25,
      width: 100,
      height: 50
    });
    expect(boxToPixels([0, 0, 500, 1000], { width: 100, height: 100, fit: "stretch", pixelAspect: 2 })).toEqual({
      x: 0,
      y: 0,
      width: 100,
      height: 50
    });
    expect(boxToPixels([250, 250, 750, 750], { width: 100, height: 100, fit: "pad", pixelAspect: 0.5 })).toEqual({
      x: 25,
      y: 0,
      width: 50,
      height: 100
    });
    expect(boxToPixels([250, 0, 750, 200], { width: 100, height: 100, fit: "pad", pixelAspect: 2 })).toBeNull();
  });
});
