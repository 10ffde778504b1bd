import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import sharp from "sharp";
import { decodeImage, prepareImage, type DicomOptions, type MedGemmaError } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/images/", import.meta.url));

/** As scripts/reference/images.py writes it. */
interface Fact {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly options: DicomOptions;
  readonly rgb?: string;
  readonly tolerance?: number;
}

const facts = JSON.parse(readFileSync(`${folder}formats.json`, "utf8")) as Fact[];

const fixture = (name: string): Buffer => readFileSync(folder + name);

async function failure(bytes: Uint8Array, options: DicomOptions = {}): Promise<string> {
  const error = await decodeImage(bytes, options).then(
    () => null,
    (found: unknown) => found as MedGemmaError
  );
  expect(error?.message).not.toMatch(/\n/);
  return `${error?.code}: ${error?.message}`;
}

describe("a picture is what Pillow, tifffile or NumPy make of it", () => {
  it.each(facts)("$file $options", async ({ file, width, height, options, rgb, tolerance }) => {
    const image = await decodeImage(folder + file, options);
    expect([image.width, image.height]).toEqual([width, height]);
    if (rgb !== undefined) {
      expect(createHash("sha256").update(image.rgb).digest("hex")).toBe(rgb);
      return;
    }
    const meant = fixture(`${file}.rgb`);
    expect(image.rgb.length).toBe(meant.length);
    expect(Math.max(...image.rgb.map((value, index) => Math.abs(value - (meant[index] ?? 0))))).toBeLessThanOrEqual(
      tolerance ?? 0
    );
  });
});

describe("values of more than 8 bits", () => {
  it.each([
    ["12-bits.png", {}, "16 bits a sample: from the least to the greatest value (14 to 3801)"],
    ["12-bits.png", { window: "full" }, "16 bits a sample: from the least to the greatest value (14 to 3801)"],
    ["12-bits.png", { window: { center: 2000.5, width: 2001 } }, "16 bits a sample: window 2000.5/2001"],
    ["u2-white.tif", {}, "16 bits a sample: from the least to the greatest value (14 to 3801)"],
    ["i2.tif", {}, "16 bits a sample with a sign: from the least to the greatest value (-1986 to 1801)"],
    ["f4.tif", {}, "floating-point samples: from the least to the greatest value (-1.986 to 1.801)"],
    ["rgb-12-bits.tif", {}, "16 bits a sample: 0 to 4095 shown as black to white"],
    ["rgb-16-bits.tif", {}, "16 bits a sample: 0 to 65535 shown as black to white"]
  ] as const)("of %s %o say how they are shown", async (file, options, note) => {
    const image = await prepareImage(folder + file, { side: 56, ...options });
    expect(image.notes).toEqual([note]);
    expect(image.preprocessing?.window?.asked).toEqual("window" in options ? options.window : null);
  });

  it("have no frames, no windows of their own, and none by name", async () => {
    const bytes = fixture("12-bits.png");
    expect(await failure(bytes, { frame: 1 })).toBe(
      "INVALID_ARGUMENT: (bytes) is not a DICOM file, and only these have a frame to choose. Leave it out."
    );
    for (const window of ["lung", 1] as const) {
      expect(await failure(bytes, { window })).toBe(
        "INVALID_ARGUMENT: (bytes) is not a DICOM file: windows by name are for CT in Hounsfield units, and it has none of its own. Give the window as C/W, or full."
      );
    }
    expect(await failure(fixture("24.bmp"), { window: "full" })).toBe(
      "INVALID_ARGUMENT: (bytes) has levels of 8 bits; only values of more bits, and DICOM, have a window to choose. Leave it out."
    );
  });

  it("of 64 bits are refused by name", async () => {
    const bytes = fixture("f4.tif");
    const directory = bytes.readUInt32LE(4);
    for (let at = directory + 2; at < directory + 2 + 12 * bytes.readUInt16LE(directory); at += 12)
      if (bytes.readUInt16LE(at) === 258) bytes.writeUInt16LE(64, at + 8);
    expect(await failure(bytes)).toBe(
      "IMAGE_UNREADABLE: (bytes) has samples of 64 bits; expected up to 32. Save it with 32-bit floating point or 16-bit samples."
    );
  });

  it("of one value alone are black", async () => {
    const flat = await sharp(new Uint16Array(64).fill(700), { raw: { width: 8, height: 8, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect([...new Set((await decodeImage(flat)).rgb)]).toEqual([0]);
  });
});

describe("HEIC", () => {
  const heic = `${folder}photograph.heic`;

  it("is refused without its decoder, with what to install", async () => {
    const message = await failure(readFileSync(heic));
    expect(message).toMatch(
      /^IMAGE_UNREADABLE: \(bytes\) is a HEIC picture, .*npm install heic-decode.*heif-convert.*sips/
    );
  });

  it("is decoded by heic-decode where that is installed", () => {
    // One that gives what it is asked for: the real one is not installed here, for its licence.
    const modules = mkdtempSync(join(tmpdir(), "medgemma-heic-"));
    mkdirSync(join(modules, "heic-decode"));
    writeFileSync(
      join(modules, "heic-decode", "index.js"),
      "module.exports = async ({ buffer }) => ({ width: 2, height: 1, data: new Uint8ClampedArray([buffer[4], 10, 20, 255, 200, 100, 50, 128]) });"
    );
    const program = `import { decodeImage } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)}; const { width, height, rgb } = await decodeImage(${JSON.stringify(heic)}); console.log(JSON.stringify({ width, height, rgb: [...rgb] }));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      env: { ...process.env, NODE_PATH: modules },
      encoding: "utf8"
    });
    rmSync(modules, { recursive: true });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ width: 2, height: 1, rgb: [0x66, 10, 20, 100, 50, 25] }); // "ftyp", and half of it on black
  });
});

describe("a file with several pictures", () => {
  it("says that the first is taken", async () => {
    const tiff = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#446688" } })
      .tiff({ tile: true, tileWidth: 16, tileHeight: 16, pyramid: true })
      .toBuffer();
    expect((await decodeImage(tiff)).notes?.join()).toMatch(/^the first of \d+ pages$/);
  });
});

describe("a PGM value beyond its white", () => {
  it("is white", async () => {
    expect([...(await decodeImage(Buffer.from("P5 2 1 100\n\x64\xc8", "latin1"))).rgb]).toEqual([
      255, 255, 255, 255, 255, 255
    ]);
  });
});

describe("a damaged file", () => {
  it.each([
    "p4.pbm",
    "p1.pbm",
    "p5.pgm",
    "p2.pgm",
    "p6.ppm",
    "p5-12-bits.pgm",
    "24.bmp",
    "32.bmp",
    "8.bmp",
    "4.bmp",
    "rle8.bmp",
    "565.bmp",
    "rgb.jp2",
    "gray.jp2",
    "rgb.j2k",
    "16-bits.jp2",
    "f4.tif",
    "i2-big.tif"
  ])("%s, cut anywhere in the pixels, is an error", async (name) => {
    const bytes = fixture(name);
    for (const share of [0.4, 0.7, 0.95])
      expect(await failure(bytes.subarray(0, Math.floor(bytes.length * share)))).toMatch(
        /^IMAGE_UNREADABLE: \(bytes\) is damaged or incomplete/
      );
  });

  it.each([
    ["P5 70000 70000 255\n", "IMAGE_TOO_LARGE"],
    ["P5 4 4 70000\n", "IMAGE_UNREADABLE"],
    ["P5 4 x 255\n", "IMAGE_UNREADABLE"],
    ["P2 4 4 255\n1 2 3 # 4\n", "IMAGE_UNREADABLE"]
  ])("%s is one", async (text, code) => {
    expect(await failure(Buffer.from(text))).toMatch(new RegExp(`^${code}`));
  });

  it("that says to be larger than it can be is refused before memory is taken", async () => {
    const bmp = fixture("24.bmp");
    bmp.writeInt32LE(100_000, 18);
    bmp.writeInt32LE(100_000, 22);
    expect(await failure(bmp)).toMatch(/^IMAGE_TOO_LARGE: \(bytes\) says that it has 100000×100000 pixels/);
  });
});

describe("what is not read as a picture", () => {
  it.each([
    ["a PDF document", Buffer.from("%PDF-1.7\n"), "pdftoppm"],
    ["a PAM picture", Buffer.from("P7\nWIDTH 4\n"), "magick"],
    ["a floating-point picture (PFM)", Buffer.from("Pf\n4 4\n-1.0\n"), "TIFF"],
    ["a file compressed with gzip", Buffer.from([0x1f, 0x8b, 8, 0]), "given as a series, with its modality"],
    ["a film", Buffer.from("\0\0\0\x18ftypmp42isomiso2mp41\0\0\0\0"), "ffmpeg"]
  ])("is told by its name: %s", async (what, bytes, hint) => {
    const message = await failure(bytes);
    expect(message).toMatch(
      new RegExp(
        `^IMAGE_UNREADABLE: \\(bytes\\) is ${what.replaceAll(/[()]/g, "\\$&")}, which is not read as a picture\\. .*${hint}`
      )
    );
  });

  it.each(["biopsy.vsi", "biopsy.mrxs", "biopsy.bif", "biopsy.scn"])(
    "is told by its ending, though a picture is inside, which may be the label: %s",
    async (name) => {
      const scratch = mkdtempSync(join(tmpdir(), "medgemma-slides-"));
      try {
        const path = join(scratch, name);
        writeFileSync(
          path,
          await sharp({ create: { width: 8, height: 8, channels: 3, background: "#808080" } })
            .tiff()
            .toBuffer()
        );
        await expect(decodeImage(path)).rejects.toMatchObject({
          code: "IMAGE_UNREADABLE",
          message: expect.stringMatching(
            /slide \((?:(?:VSI|MRXS)\), which is not read here|(?:BIF|SCN)\), whose first picture is a photograph of the glass)/
          ) as string
        });
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    }
  );

  it("lists what is read", async () => {
    expect(await failure(Buffer.from("no picture"))).toBe(
      "IMAGE_UNREADABLE: (bytes) cannot be read as an image: expected PNG, JPEG, WebP, TIFF, GIF, AVIF, BMP, PBM, PGM, PPM, JPEG 2000, JPEG XL, HEIC or DICOM, found no image format known here."
    );
  });
});
