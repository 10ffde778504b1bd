/** Odd pictures with the pixels that are right, as scripts/conditions/pictures.py knows them from what went in. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage, type DicomOptions } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/pictures/", import.meta.url));

interface Condition {
  readonly id: string;
  readonly source: string;
  readonly options?: DicomOptions;
  readonly right: { readonly width: number; readonly height: number; readonly file: string } | null;
  readonly tolerance: number;
  readonly tells?: string;
  readonly mustTell?: boolean;
}

const conditions = JSON.parse(readFileSync(`${folder}conditions.json`, "utf8")) as Condition[];

const png = 'Convert it to PNG, for example with "magick IN OUT.png".';

/** What is not read, and what is said then. */
const refusals: Readonly<Record<string, string>> = {
  "12-bits.jpg": `has a form that is not read here: VipsJpeg: Unsupported JPEG data precision 12. ${png}`,
  "no-height.jpg": `has a form that is not read here: Input buffer has corrupt header: VipsJpeg: Empty JPEG image (DNL not supported). ${png}`,
  "12-bits-zstd.tif": `has a form that is not read here: tiff2vips: ZSTD compression support is not configured. ${png}`,
  "12-bits-packed.tif": `cannot be read here: TIFF with samples of 12 bits. ${png}`,
  "alpha-and-unspecified.tif": `cannot be read here: TIFF with 2 samples beyond its colours, of which one is alpha. ${png}`,
  "unsaid.tif": `cannot be read here: TIFF with 4 samples a pixel that does not say what the last one is (ExtraSamples). ${png}`,
  "rgb-planes-tiles-lzw.tif": `has a form that is not read here: tiff2vips: tiled separate planes not supported. ${png}`,
  "ycbcr.tif": `cannot be read here: TIFF in YCbCr colours without JPEG compression. ${png}`,
  "cielab.tif": `cannot be read here: TIFF in CIELab colours. ${png}`,
  "no-strips.tif": `is a TIFF picture, but of a form that is not read here. ${png}`,
  "rle8-beyond.bmp": "is damaged or incomplete: its run lengths leave the picture.",
  "palette-overlaps.bmp": "is damaged or incomplete: its pixels begin at byte 54, inside of its palette.",
  "png-inside.bmp": `cannot be read here: BMP of 0 bits a pixel with compression 5. ${png}`,
  "sequence.avif": `is an AVIF picture, but of a form that is not read here. ${png}`,
  "rgba.jp2": `cannot be read here: JPEG 2000 with 4 components; expected gray or three colours. ${png}`,
  "palette.jp2": `cannot be read here: JPEG 2000 with a palette. ${png}`,
  "12-bits.jxl": `cannot be read here: JPEG XL with samples of 12 bits, which jxl-oxide-wasm would round to 8 bits. ${png}`,
  "float.jxl": `cannot be read here: JPEG XL with floating-point samples, which jxl-oxide-wasm would round to 8 bits. ${png}`,
  "cut.jxl": "is damaged or incomplete: it is cut off."
};

describe("an odd picture", () => {
  it.each(conditions.filter(({ source }) => !(source in refusals) && !source.endsWith(".heic")))(
    "$id has the right pixels",
    async ({ source, options, right, tolerance, tells, mustTell }) => {
      const { width, height, rgb, notes } = await decodeImage(folder + source, options);
      expect([width, height]).toEqual([right?.width, right?.height]);
      const meant = gunzipSync(readFileSync(folder + (right?.file ?? "")));
      expect(rgb.length).toBe(meant.length);
      expect(Math.max(...rgb.map((level, index) => Math.abs(level - (meant[index] ?? 0))))).toBeLessThanOrEqual(
        tolerance
      );
      if (mustTell === true) expect(notes?.join("; ")).toMatch(new RegExp(tells ?? "", "i"));
    }
  );

  it.each(Object.entries(refusals))("%s is refused by what it is", async (source, message) => {
    await expect(decodeImage(folder + source)).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: `${folder}${source} ${message}`
    });
  });
});

describe("a profile", () => {
  it.each([
    ["srgb.png", undefined],
    ["display-p3.png", ["colours converted to sRGB by the profile of the file"]]
  ])("of %s is told where it changes colours", async (file, notes) => {
    expect((await decodeImage(fileURLToPath(new URL(`../fixtures/images/${file}`, import.meta.url)))).notes).toEqual(
      notes
    );
  });

  it("that is damaged is left out, and told", async () => {
    for (const file of ["profile-cut.jpg", "profile-no-curves.tif", "profile-far-offset.tif"]) {
      expect((await decodeImage(folder + file)).notes).toEqual([
        "the colour profile of the file is damaged, and left out"
      ]);
    }
    expect((await decodeImage(`${folder}gray-of-colours.png`)).notes).toBeUndefined();
  });
});

describe("HEIC with a profile", () => {
  it("is converted to sRGB as ImageCms converts it", async () => {
    // A decoder that gives the pixels of a PNG with the same profile: the real one is not installed here, for its licence.
    const images = fileURLToPath(new URL("../fixtures/images/", import.meta.url));
    const { data, info } = await sharp(`${images}display-p3.png`, { ignoreIcc: true })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const modules = mkdtempSync(join(tmpdir(), "medgemma-heic-"));
    mkdirSync(join(modules, "heic-decode"));
    writeFileSync(
      join(modules, "heic-decode", "index.js"),
      `module.exports = async () => ({ width: ${info.width}, height: ${info.height}, data: new Uint8ClampedArray(${JSON.stringify([...data])}) });`
    );
    const program = `import { decodeImage } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)}; const { rgb, notes } = await decodeImage(${JSON.stringify(`${folder}display-p3.heic`)}); console.log(JSON.stringify({ rgb: [...rgb], notes }));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      env: { ...process.env, NODE_PATH: modules },
      encoding: "utf8"
    });
    rmSync(modules, { recursive: true });
    expect(stderr).toBe("");
    const { rgb, notes } = JSON.parse(stdout) as { readonly rgb: readonly number[]; readonly notes: readonly string[] };
    expect(notes).toEqual(["colours converted to sRGB by the profile of the file"]);
    const meant = readFileSync(`${images}display-p3.png.rgb`);
    expect(rgb.length).toBe(meant.length);
    expect(Math.max(...rgb.map((level, index) => Math.abs(level - (meant[index] ?? 0))))).toBeLessThanOrEqual(2);
  });
});

describe("JPEG XL", () => {
  it("is refused without its decoder, with what to install", () => {
    const program =
      `const { Module } = require("node:module"); const resolve = Module._resolveFilename; ` +
      `Module._resolveFilename = (name, ...more) => { if (name.startsWith("jxl-oxide-wasm")) throw new Error("Cannot find module"); return resolve(name, ...more); }; ` +
      `import(${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)}).then(({ decodeImage }) => decodeImage(${JSON.stringify(`${folder}lossless.jxl`)})).catch(({ code, message }) => console.log(code, message));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^IMAGE_UNREADABLE .*lossless\.jxl is a JPEG XL picture, whose decoder is not part of this package .*\(npm install jxl-oxide-wasm\).*"djxl IN\.jxl OUT\.png"/
    );
  });

  it("is refused for its size before memory is taken", async () => {
    // SizeHeader of 2^30 rows, as many columns; then all as usual.
    const huge = Buffer.from([0xff, 0x0a, 0xfe, 0xff, 0xff, 0xff, 0xc7, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    await expect(decodeImage(huge)).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
  });
});
