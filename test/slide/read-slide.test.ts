import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSlide, type MedGemmaError, type SlideOptions, type SlideProgress } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/slides/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "medgemma-slides-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = (name: string): Buffer => readFileSync(`${folder}${name}`);

function written(name: string, bytes: Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
}

/** Where the first directory of a little-endian TIFF (not BigTIFF) has the 12 bytes of a tag. */
function entryOf(bytes: Buffer, tag: number): number {
  const directory = bytes.readUInt32LE(4);
  for (let at = directory + 2; at < directory + 2 + 12 * bytes.readUInt16LE(directory); at += 12)
    if (bytes.readUInt16LE(at) === tag) return at;
  throw new Error(`no tag ${tag}`);
}

function withValue(bytes: Buffer, tag: number, value: number): Buffer {
  bytes.writeUInt16LE(4, entryOf(bytes, tag) + 2);
  bytes.writeUInt32LE(value, entryOf(bytes, tag) + 8);
  return bytes;
}

/** The description of the first directory, in place. */
function withText(bytes: Buffer, text: string): Buffer {
  const at = entryOf(bytes, 270);
  const length = bytes.readUInt32LE(at + 4);
  bytes.fill(0x20, bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 8) + length - 1);
  bytes.write(text, bytes.readUInt32LE(at + 8), length - 1);
  return bytes;
}

/** The middle of the largest tile of the first directory, overwritten; the background makes the smaller ones. */
function withDamagedTile(bytes: Buffer): Buffer {
  const [offsets, counts] = [entryOf(bytes, 324), entryOf(bytes, 325)];
  let tile = { at: 0, length: 0 };
  for (let index = 0; index < bytes.readUInt32LE(offsets + 4); index += 1) {
    const at = bytes.readUInt32LE(bytes.readUInt32LE(offsets + 8) + 4 * index);
    const length =
      bytes.readUInt16LE(counts + 2) === 3
        ? bytes.readUInt16LE(bytes.readUInt32LE(counts + 8) + 2 * index)
        : bytes.readUInt32LE(bytes.readUInt32LE(counts + 8) + 4 * index);
    if (length > tile.length) tile = { at, length };
  }
  return bytes.fill(0xff, tile.at + Math.floor(tile.length / 2), tile.at + Math.floor((tile.length * 2) / 3));
}

/** The error's code and message; the message in one line, without the place of the file. */
async function failure(path: string, options: SlideOptions = {}): Promise<string> {
  const error = await readSlide(path, { nameOf: () => "SLIDE", ...options }).then(
    () => null,
    (found: unknown) => found as MedGemmaError
  );
  expect(error?.message).not.toMatch(/\n/);
  expect(error?.message).not.toContain(root);
  expect(error?.message).not.toContain("SECRET");
  return `${error?.code}: ${error?.message}`;
}

describe("what is told of a slide", () => {
  it("is what was taken, at what magnification, and where that is from", async () => {
    expect((await readSlide(`${folder}aperio-jpeg.svs`, { side: 24, magnification: 20, patches: 12 })).notes).toEqual([
      "12 of 27 patches with tissue, evenly spaced, of 54 of 24×24 pixels",
      "seen at 20x: level 1 of 0 to 2",
      "scanned at 40x by Aperio AppMag, 0.253 µm a pixel",
      "left out: the right and lower edge, which make no whole patch (17 % of the slide)",
      "left out: 3 other pictures of the file (label, photograph of the glass or the like)"
    ]);
  });

  it("is that nothing is enlarged, and by how much a level was shrunk", async () => {
    expect((await readSlide(`${folder}pages-lzw.tif`, { side: 32, magnification: 40 })).notes).toContain(
      "40x was asked for; nothing is enlarged"
    );
    expect((await readSlide(`${folder}pages-lzw.tif`, { side: 30, magnification: 7 })).notes).toContain(
      "seen at 7x: level 1 of 0 to 2, shrunk 1.43 times"
    );
  });

  it("is by whom a level was chosen when the file does not tell its magnification", async () => {
    const { notes, magnification } = await readSlide(`${folder}strips-packbits.tif`, { side: 40, level: 0 });
    expect(magnification).toBeNull();
    expect(notes.slice(1, 3)).toEqual(["seen: level 0 of 0 to 0", "the file does not tell its magnification"]);
  });

  it("is a level as it is where that is within 2 % of the wanted magnification", async () => {
    expect(await readSlide(`${folder}pages-lzw.tif`, { side: 32, magnification: 10.1 })).toMatchObject({
      level: 1,
      shrunkBy: 1,
      magnification: 10
    });
    expect(await readSlide(`${folder}pages-lzw.tif`, { side: 32, magnification: 10.5 })).toMatchObject({
      level: 0,
      magnification: 10.5
    });
  });

  it("names patches by the name that is wanted", async () => {
    const { patches, overview } = await readSlide(`${folder}pages-lzw.tif`, {
      side: 64,
      patches: 2,
      nameOf: () => "slide 1",
      overview: true
    });
    expect(patches.map(({ source }) => source)).toEqual(["slide 1 (patch 3)", "slide 1 (patch 4)"]);
    expect(overview?.source).toBe("slide 1 (overview)");
  });
});

describe("a choice", () => {
  it.each<[SlideOptions, string]>([
    [
      { magnification: 10, level: 0 },
      "INVALID_ARGUMENT: A slide is seen at a magnification or at a level of its file, but not at both. Leave one out."
    ],
    [{ magnification: 0 }, "INVALID_ARGUMENT: magnification must be a number from 0.01 to 1000, but is 0."],
    [{ magnification: Number.NaN }, "INVALID_ARGUMENT: magnification must be a number from 0.01 to 1000, but is NaN."],
    [{ level: 0.5 }, "INVALID_ARGUMENT: level must be a whole number from 0, but is 0.5."],
    [
      { level: 3 },
      "INVALID_ARGUMENT: SLIDE has no level 3. Its levels are 0: 452×330 at 20x, 1: 226×165 at 10x, 2: 113×83 at 5.02x."
    ],
    [{ patches: 126 }, "INVALID_ARGUMENT: patches must be a whole number from 1 to 125, but is 126."],
    [{ side: 4097 }, "INVALID_ARGUMENT: side must be a whole number from 1 to 4096, but is 4097."],
    [
      {},
      "INVALID_ARGUMENT: SLIDE has 226×165 pixels as it would be seen, less than one patch of 896×896. Choose a greater magnification or a larger level, or give it as a picture."
    ],
    [
      { magnification: 0.01 },
      "IMAGE_TOO_LARGE: A patch of SLIDE would be made of 449353×449353 pixels; the limit is 67108864 in all, and the file has no smaller level. Choose a greater magnification."
    ]
  ])("%o is refused", async (options, message) => {
    expect(await failure(`${folder}pages-lzw.tif`, options)).toBe(message);
  });

  it("of a level is needed when the file does not tell its magnification", async () => {
    expect(await failure(`${folder}strips-packbits.tif`)).toBe(
      "INVALID_ARGUMENT: SLIDE does not say at which magnification it was scanned. Choose a level instead: 0: 226×164."
    );
  });
});

describe("a slide written by libvips", () => {
  const path = join(root, "vips.tif");
  const [width, height] = [1100, 1000];
  // Gray tissue that differs everywhere in the left half, glass on the right.
  const rgb = Buffer.from(
    Uint8Array.from({ length: width * height * 3 }, (_none, index) =>
      Math.floor(index / 3) % width < 550 ? 90 + ((index >> 8) % 80) : 250
    )
  );
  beforeAll(async () => {
    const tiff = {
      compression: "jpeg",
      quality: 95,
      tile: true,
      tileWidth: 128,
      tileHeight: 128,
      pyramid: true,
      bigtiff: true,
      xres: 4000,
      yres: 4000,
      resolutionUnit: "cm"
    } as const;
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .tiff(tiff)
      .toFile(path);
  });

  it("with tables that its JPEG tiles share is what libvips decodes as a whole, in reading order, background left out", async () => {
    const whole = await sharp(path, { page: 0 }).raw().toBuffer();
    const progress: SlideProgress[] = [];
    const slide = await readSlide(path, { side: 200, magnification: 40, onProgress: (one) => progress.push(one) });
    expect(slide).toMatchObject({ scannedAt: 40, of: 15, grid: 25 });
    expect(slide.positions.map(({ x, y }) => [x, y])).toEqual(
      [0, 200, 400, 600, 800].flatMap((y) => [0, 200, 400].map((x) => [x, y]))
    );
    for (const [index, { x, y }] of slide.positions.entries()) {
      const rows = Array.from({ length: 200 }, (_none, row) =>
        whole.subarray(((y + row) * width + x) * 3, ((y + row) * width + x + 200) * 3)
      );
      expect(Buffer.compare(Buffer.concat(rows), slide.patches[index]?.rgb ?? Buffer.alloc(0))).toBe(0);
    }
    expect(progress.filter(({ step }) => step === "searching for tissue").map(({ done, of }) => [done, of])).toEqual(
      [1, 2, 3, 4, 5].map((done) => [done, 5])
    );
    expect(progress.filter(({ step }) => step === "reading patches").at(-1)).toEqual({
      step: "reading patches",
      done: 15,
      of: 15
    });
  });

  it("stops when it is told to, at any step", async () => {
    const before = AbortSignal.abort();
    expect(await failure(path, { signal: before })).toBe("ABORTED: Reading SLIDE was stopped by the caller.");
    for (const step of ["searching for tissue", "reading patches"] as const) {
      const controller = new AbortController();
      const seen: string[] = [];
      const onProgress = (one: SlideProgress): void => {
        seen.push(one.step);
        if (one.step === step) controller.abort();
      };
      expect(await failure(path, { side: 200, magnification: 40, signal: controller.signal, onProgress })).toContain(
        "ABORTED"
      );
      expect(seen.filter((one) => one === step)).toHaveLength(1);
    }
  });

  it("with more patches than anybody needs is refused", async () => {
    expect(await failure(path, { side: 1, level: 0 })).toBe(
      "IMAGE_TOO_LARGE: SLIDE has 1100000 patches of 1×1 pixels; the limit is 1048576. Choose a smaller magnification or a smaller level."
    );
  });

  it("without tissue says so", async () => {
    const empty = join(root, "empty.tif");
    await sharp({ create: { width: 200, height: 200, channels: 3, background: "#f5f5f5" } })
      .tiff({ compression: "lzw", tile: true })
      .toFile(empty);
    expect(await failure(empty, { side: 50, level: 0 })).toBe(
      "IMAGE_UNREADABLE: SLIDE has no tissue: all 16 patches are as bright as the background, or black. Check that it is a brightfield slide."
    );
  });

  it("of 16 bits is refused", async () => {
    const deep = join(root, "deep.tif");
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "#805050" } })
      .toColourspace("rgb16")
      .tiff({ compression: "lzw", tile: true })
      .toFile(deep);
    expect(await failure(deep, { level: 0 })).toBe(
      "IMAGE_UNREADABLE: SLIDE has 3 channels of 16, 16, 16 bits (photometric interpretation 2); expected gray or RGB of 8 bits, as of a brightfield slide."
    );
  });
});

describe("a damaged slide", () => {
  const options = { side: 32, level: 0 };

  it.each([
    "pages-lzw.tif",
    "subifds-deflate.ome.tif",
    "aperio-jpeg.svs",
    "uncompressed-big-endian.tif",
    "pages-deflate.ome.tif",
    "strips-packbits.tif"
  ])("%s, cut before the end of the level, is an error", async (name) => {
    const bytes = fixture(name);
    for (const share of [0.05, 0.3, 0.6])
      expect(await failure(written("cut", bytes.subarray(0, bytes.length * share)), options)).toMatch(
        /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete/
      );
  });

  it.each(["pages-lzw.tif", "aperio-jpeg.svs", "pages-deflate.ome.tif"])(
    "%s, with a tile overwritten in the middle, is an error",
    async (name) => {
      expect(await failure(written("overwritten", withDamagedTile(fixture(name))), options)).toMatch(
        /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete: the part at \d+, \d+ of the level with \d+×\d+ pixels cannot be decoded/
      );
    }
  );

  it("is one only where it is looked at: tissue is searched on the smallest level with 16 pixels for the edge of a patch", async () => {
    const path = written("without-level-2", fixture("pages-lzw.tif").subarray(0, -2000)); // the pixels of the last level are cut
    expect((await readSlide(path, { side: 32, level: 0 })).taken).toBe(63);
    expect(await failure(path, { side: 64, level: 0 })).toMatch(/^IMAGE_UNREADABLE: SLIDE is damaged or incomplete/);
  });

  it("with the end of a JPEG tile missing is an error", async () => {
    const bytes = fixture("aperio-jpeg.svs");
    const counts = bytes.readUInt32LE(entryOf(bytes, 325) + 8);
    const size = bytes.readUInt16LE(entryOf(bytes, 325) + 2) === 3 ? 2 : 4;
    for (let index = 0; index < bytes.readUInt32LE(entryOf(bytes, 325) + 4); index += 1)
      bytes.writeUIntLE(bytes.readUIntLE(counts + index * size, size) >> 1, counts + index * size, size);
    expect(await failure(written("short", bytes), options)).toMatch(
      /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete: the part/
    );
  });

  it("that says to be of 60,000 × 60,000 pixels, but lists no such tiles, is refused at once", async () => {
    const huge = withValue(withValue(fixture("pages-lzw.tif"), 256, 60_000), 257, 60_000);
    const before = process.memoryUsage().rss;
    expect(await failure(written("huge", huge), options)).toBe(
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: it says that it has 879844 tiles, but lists 48."
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
    expect(await failure(written("huger", withValue(fixture("pages-lzw.tif"), 256, 2 ** 31)), options)).toMatch(
      /^IMAGE_TOO_LARGE: SLIDE says that it has 2147483648×330 pixels; the limit for a slide is 1048576 along an edge/
    );
    expect(
      await failure(
        written("tile", withValue(withValue(fixture("pages-lzw.tif"), 322, 2 ** 16), 323, 2 ** 16)),
        options
      )
    ).toMatch(/^IMAGE_TOO_LARGE: SLIDE is stored in tiles of 65536×65536 pixels/);
  });

  it("whose patch would need too many pixels of tiles is refused before they are read", async () => {
    const edges = [
      [256, 27_040],
      [257, 24_816],
      [322, 2704],
      [323, 24_816]
    ] as const;
    const wide = edges.reduce((bytes, [tag, value]) => withValue(bytes, tag, value), fixture("pages-lzw.tif"));
    expect(await failure(written("wide", wide), { side: 4050, magnification: 10 })).toMatch(
      /^IMAGE_TOO_LARGE: A part of SLIDE lies in 3 tiles of 2704×24816 pixels; the limit is 134217728 in all\. Convert it/
    );
  });

  it.runIf(process.platform === "linux")("is closed again", async () => {
    const path = written("open", fixture("pages-lzw.tif").subarray(0, 60_000));
    await failure(path, options);
    const open = readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // that of the folder itself
      }
    });
    expect(open).not.toContain(path);
  });

  it("whose directories point back at each other comes to an end", async () => {
    const pages = fixture("pages-lzw.tif");
    const directory = pages.readUInt32LE(4);
    pages.writeUInt32LE(directory, directory + 2 + 12 * pages.readUInt16LE(directory));
    expect(await failure(written("cycle", pages), options)).toBe(
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: its directories point back at each other."
    );
    const below = fixture("subifds-deflate.ome.tif");
    const first = Number(below.readBigUInt64LE(8));
    const entries = Array.from(
      { length: Number(below.readBigUInt64LE(first)) },
      (_none, index) => first + 8 + 20 * index
    );
    const subIfds = entries.find((at) => below.readUInt16LE(at) === 330) ?? 0;
    below.writeBigUInt64LE(BigInt(first), Number(below.readBigUInt64LE(subIfds + 12)));
    expect(await failure(written("subifd-cycle", below), options)).toBe(
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: its directories point back at each other."
    );
  });
});

describe("what is not a slide that is read here", () => {
  const convert =
    'Convert it to a tiled pyramidal TIFF, for example with "vips copy IN OUT.tif[tile,pyramid,compression=jpeg,bigtiff]" of a libvips that has OpenSlide.';

  const bioFormats = "Convert it to an OME-TIFF with bioformats2raw and raw2ometiff of Glencoe Software.";
  const olympus = `IMAGE_UNREADABLE: SLIDE is an Olympus slide (VSI), which is not read here. ${bioFormats} The folder of .ets files beside it holds its pixels.`;

  it.each<[string, () => Buffer, string]>([
    [
      "notes.txt",
      () => Buffer.from("no slide"),
      "IMAGE_UNREADABLE: SLIDE is not a slide that is read here: a tiled TIFF (generic, Aperio SVS, OME-TIFF, Philips, Leica SCN, Trestle, Ventana BIF), Hamamatsu NDPI, or DICOM (VL Whole Slide Microscopy). Give other pictures as pictures."
    ],
    [
      "a.mrxs",
      () => Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      `IMAGE_UNREADABLE: SLIDE is a 3DHISTECH slide (MRXS), which is not read here. ${convert} The folder beside it, of the same name, holds its pixels.`
    ],
    ["a.vsi", () => fixture("pages-lzw.tif"), olympus],
    ["A.VSI", () => Buffer.from("anything"), olympus],
    [
      "a.isyntax",
      () => fixture("aperio-jpeg.svs"),
      `IMAGE_UNREADABLE: SLIDE is a Philips slide (iSyntax), which is not read here. ${bioFormats}`
    ],
    [
      "a.vms",
      () => fixture("pages-lzw.tif"),
      `IMAGE_UNREADABLE: SLIDE is a Hamamatsu slide (VMS, VMU), which is not read here. ${convert}`
    ],
    [
      "a.czi",
      () => Buffer.from("ZISRAWFILE\0\0\0\0"),
      `IMAGE_UNREADABLE: SLIDE is a Zeiss slide (CZI), which is not read here. ${convert}`
    ],
    [
      "renamed",
      () => Buffer.from("ZISRAWFILE\0\0\0\0"),
      `IMAGE_UNREADABLE: SLIDE is a Zeiss slide (CZI), which is not read here. ${convert}`
    ],
    [
      "a.svslide",
      () => Buffer.from("SQLite format 3\0"),
      `IMAGE_UNREADABLE: SLIDE is a Sakura slide (SVSLIDE), which is not read here. ${convert}`
    ],
    [
      "a.ndpis",
      () => Buffer.from("[NanoZoomer Digital Pathology Image Set]"),
      "IMAGE_UNREADABLE: SLIDE is a Hamamatsu list of fluorescence slides (NDPIS), which is not read here. Name the file of one slide of brightfield."
    ],
    [
      "a.lif",
      () => Buffer.from("p\0\0\0"),
      `IMAGE_UNREADABLE: SLIDE is a picture of Leica LAS (LIF), which is not read here. ${bioFormats}`
    ],
    [
      "a.ndpi",
      () => withTag(fixture("pages-lzw.tif"), 305, 65_420),
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: it has no scan."
    ],
    [
      "a.bif",
      () => withTag(withText(fixture("aperio-jpeg.svs"), '<iScan Magnification="40">'), 270, 700),
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: it holds no level of a Ventana slide."
    ],
    [
      "a.scn",
      () => withText(fixture("aperio-jpeg.svs"), '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'),
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: its XML names no scanned area."
    ],
    [
      "a.tif",
      () => withValue(fixture("aperio-jpeg.svs"), 259, 50_000),
      `IMAGE_UNREADABLE: SLIDE is compressed with Zstandard, which is not read here. ${convert}`
    ],
    [
      "planes.tif",
      () => withValue(fixture("aperio-jpeg.svs"), 284, 2),
      `IMAGE_UNREADABLE: SLIDE has channels in planes of their own that are not red, green and blue, which is not read here. ${convert}`
    ],
    ["nothing.tif", () => Buffer.alloc(0), "IMAGE_UNREADABLE: SLIDE is empty (0 bytes)."]
  ])("%s is told by its name", async (name, bytes, message) => {
    expect(await failure(written(name, bytes()), { level: 0 })).toBe(message);
  });

  it("is a folder, or a file that is not there", async () => {
    mkdirSync(join(root, "folder"));
    expect(await failure(join(root, "folder"))).toBe(
      "IMAGE_UNREADABLE: SLIDE is a folder that holds no level of a slide in DICOM (VL Whole Slide Microscopy). A slide of another format is one file; name it."
    );
    expect(await failure(join(root, "none.svs"))).toBe("IMAGE_NOT_FOUND: There is no slide SLIDE. Check the path.");
  });

  function withTag(bytes: Buffer, tag: number, becomes: number): Buffer {
    bytes.writeUInt16LE(becomes, entryOf(bytes, tag));
    return bytes;
  }
});
