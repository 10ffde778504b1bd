import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage, prepareImage, type DecodedImage, type ImageFit } from "../../src/index.js";

interface Fact {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly side: number;
  readonly pad: string;
  readonly stretch: string;
}

const folder = fileURLToPath(new URL("../fixtures/images/", import.meta.url));
const facts = JSON.parse(readFileSync(`${folder}images.json`, "utf8")) as Fact[];
const film = `${folder}rgb-90x60.png`;

describe("prepareImage equals Pillow in every byte", () => {
  const cases = facts.flatMap((fact) =>
    (["pad", "stretch"] as const).map((fit) => [fact.file, fact.side, fit, fact] as const)
  );
  it.each(cases)("%s to %i, %s", async (file, side, fit, fact) => {
    const image = await prepareImage(folder + file, { side, fit });
    expect({ width: image.width, height: image.height }).toEqual({ width: fact.width, height: fact.height });
    expect(image.sha256).toBe(fact[fit]);
    expect(createHash("sha256").update(image.rgb).digest("hex")).toBe(fact[fit]);
  });

  it("pads when nothing is said", async () => {
    const { sha256 } = await prepareImage(film, { side: 56 });
    expect(sha256).toBe(facts.find(({ file, side }) => file === "rgb-90x60.png" && side === 56)?.pad);
  });
});

describe("an image source", () => {
  it("may be a path, a Buffer, a Uint8Array, a file: URL, a data: URL or decoded pixels", async () => {
    const bytes = readFileSync(film);
    const sources = [
      film,
      bytes,
      new Uint8Array(bytes),
      pathToFileURL(film),
      pathToFileURL(film).href,
      `data:image/png;base64,${bytes.toString("base64")}`,
      new URL(`data:image/png;base64,${bytes.toString("base64")}`),
      await decodeImage(film)
    ];
    const hashes = await Promise.all(sources.map(async (source) => (await prepareImage(source, { side: 56 })).sha256));
    expect(new Set(hashes).size).toBe(1);
  });

  it("keeps its name, and has one in brackets where it has none", async () => {
    const bytes = readFileSync(film);
    const names = await Promise.all(
      [film, bytes, `data:image/png;base64,${bytes.toString("base64")}`].map(
        async (source) => (await decodeImage(source)).source
      )
    );
    expect(names).toEqual([film, "(bytes)", "(data URL)"]);
  });

  const decoded = { source: "x", width: 2, height: 1, rgb: new Uint8Array(6) };
  it.each([
    ["a web address", "https://example.org/scan.png", "INVALID_ARGUMENT"],
    ["a number", 5 as unknown as string, "INVALID_ARGUMENT"],
    ["null", null as unknown as string, "INVALID_ARGUMENT"],
    ["a missing file", `${folder}nothing.png`, "IMAGE_NOT_FOUND"],
    ["a file as a folder", `${film}/inside.png`, "IMAGE_NOT_FOUND"],
    ["a directory", folder, "IMAGE_UNREADABLE"],
    ["an empty buffer", new Uint8Array(0), "IMAGE_UNREADABLE"],
    ["text", Buffer.from("no picture"), "IMAGE_UNREADABLE"],
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), "IMAGE_UNREADABLE"],
    ["a PDF", Buffer.from("%PDF-1.4\n%âãÏÓ\n1 0 obj\n"), "IMAGE_UNREADABLE"],
    ["a data URL without base64", "data:image/png,abc", "IMAGE_UNREADABLE"],
    ["a broken file URL", "file://host/x.png", "INVALID_ARGUMENT"],
    ["too few pixels", { ...decoded, rgb: new Uint8Array(5) }, "INVALID_ARGUMENT"],
    ["pixels of a fractional width", { ...decoded, width: 1.5 }, "INVALID_ARGUMENT"],
    ["pixels without a name", { ...decoded, source: undefined } as unknown as DecodedImage, "INVALID_ARGUMENT"],
    [
      "a 131,073 pixels long strip",
      { source: "x", width: 131_073, height: 1, rgb: new Uint8Array(393_219) },
      "IMAGE_TOO_LARGE"
    ]
  ])("is refused when it is %s", async (_what, source, code) => {
    await expect(prepareImage(source, { side: 56 })).rejects.toMatchObject({ name: "MedGemmaError", code });
  });

  it.each([0, -1, 1.5, 4097, Number.NaN])("is refused for a side of %d", async (side) => {
    await expect(prepareImage(film, { side })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("is refused for a fit that does not exist", async () => {
    await expect(prepareImage(film, { side: 56, fit: "crop" as ImageFit })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT"
    });
  });

  it("is refused when it is cut off anywhere in the pixels", async () => {
    const bytes = readFileSync(`${folder}baseline.jpg`);
    for (const part of [0.3, 0.6, 0.9]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * part));
      await expect(prepareImage(cut, { side: 56 })).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
    }
  });

  it.each(["lzw", "deflate"] as const)("is refused when a tile of a TIFF is damaged (%s)", async (compression) => {
    const bytes = await sharp(film).tiff({ compression, tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer();
    await expect(decodeImage(bytes)).resolves.toMatchObject({ width: 90 });
    bytes.fill(0xff, 200, 240);
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: "IMAGE_UNREADABLE" });
  });

  it("is refused when it says that it has 60,000 × 60,000 pixels", async () => {
    const png = readFileSync(film);
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const tiff = readFileSync(`${folder}plain.tiff`);
    const directory = tiff.readUInt32LE(4);
    for (let entry = directory + 2; entry < directory + 2 + 12 * tiff.readUInt16LE(directory); entry += 12) {
      const isSize = [256, 257].includes(tiff.readUInt16LE(entry)); // ImageWidth, ImageLength
      if (isSize) tiff.writeUInt32LE(60_000, entry + 8);
    }
    for (const file of [png, tiff]) {
      await expect(decodeImage(file)).rejects.toMatchObject({
        code: "IMAGE_TOO_LARGE",
        message: expect.stringContaining("60000×60000") as string
      });
    }
    await expect(decodeImage(tiff)).rejects.toThrow(/if it is a pathology slide, give it as one/);
  });
});

describe("unusual files", () => {
  it("have their first frame taken", async () => {
    const frames = await sharp(Buffer.alloc(2 * 8 * 8 * 3).fill(200, 0, 8 * 8 * 3), {
      raw: { width: 8, height: 16, channels: 3, pageHeight: 8 }
    })
      .gif({ loop: 0, delay: [100, 100] })
      .toBuffer();
    const { height, rgb } = await decodeImage(frames);
    expect(height).toBe(8);
    expect(rgb[0]).toBeGreaterThan(190);
  });

  it("have half-clear pixels put on black", async () => {
    const half = await sharp(Buffer.from([200, 100, 50, 128]), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const { rgb } = await decodeImage(half);
    expect([...rgb]).toEqual([100, 50, 25]);
  });

  it("have a CMYK picture converted to RGB", async () => {
    const red = await sharp({ create: { width: 4, height: 4, channels: 3, background: "#c02020" } })
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toBuffer();
    const { rgb } = await decodeImage(red);
    const [r = 0, g = 0, b = 0] = rgb;
    expect(r).toBeGreaterThan(150);
    expect(Math.max(g, b)).toBeLessThan(90);
  });
});
