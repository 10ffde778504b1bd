import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import {
  decodeImage,
  readSlide,
  type MedGemmaError,
  type PixelBox,
  type Slide,
  type SlideOptions
} from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/slide-formats/", import.meta.url));
const slides = fileURLToPath(new URL("../fixtures/slides/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "medgemma-slide-formats-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** As scripts/reference/slide_formats.py writes it: patches in pixels of the level. */
interface Case {
  readonly file: string;
  readonly level: number;
  readonly side: number;
  readonly width: number;
  readonly height: number;
  readonly levels: number;
  readonly micrometres: number;
  readonly patches: readonly (readonly [x: number, y: number, sha256: string])[];
  readonly aspect?: boolean;
  readonly positions?: readonly PixelBox[];
}

const cases = JSON.parse(readFileSync(`${folder}expected.json`, "utf8")) as Case[];

const hashes = ({ patches }: Slide): string[] =>
  patches.map(({ rgb }) => createHash("sha256").update(rgb).digest("hex"));
const expectedOf = (file: string, level = 0): string[] =>
  cases.find((one) => one.file === file && one.level === level)?.patches.map(([, , sha256]) => sha256) ?? [];

function written(name: string, bytes: Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
}

async function failure(path: string, options: SlideOptions = { level: 0, side: 40 }): Promise<string> {
  const error = await readSlide(path, { nameOf: () => "SLIDE", ...options }).then(
    () => null,
    (found: unknown) => found as MedGemmaError
  );
  expect(error?.message).not.toMatch(/\n|SECRET/);
  return `${error?.code}: ${error?.message}`;
}

/** Where the first directory of a little-endian classic TIFF has the 12 bytes of a tag. */
function entryOf(bytes: Buffer, tag: number): number {
  const directory = bytes.readUInt32LE(4);
  for (let at = directory + 2; at < directory + 2 + 12 * bytes.readUInt16LE(directory); at += 12)
    if (bytes.readUInt16LE(at) === tag) return at;
  throw new Error(`no tag ${tag}`);
}

/** Numbers of a list in the first directory, in place. */
function setList(bytes: Buffer, tag: number, change: (value: number, index: number) => number): void {
  const entry = entryOf(bytes, tag);
  const size = bytes.readUInt16LE(entry + 2) === 3 ? 2 : 4;
  const count = bytes.readUInt32LE(entry + 4);
  const at = count * size <= 4 ? entry + 8 : bytes.readUInt32LE(entry + 8);
  for (let index = 0; index < count; index += 1)
    bytes.writeUIntLE(change(bytes.readUIntLE(at + index * size, size), index), at + index * size, size);
}

describe("a slide of a scanner is what OpenSlide, or tifffile, makes of it", () => {
  it.each(cases)(
    "$file, level $level",
    async ({ file, level, side, width, height, levels, micrometres, patches, aspect, positions }) => {
      const slide = await readSlide(`${folder}${file}`, { level, side, aspect });
      if (positions !== undefined) expect(slide.positions).toEqual(positions);
      expect(slide).toMatchObject({ width, height, levels, level });
      expect(slide.micrometresPerPixel).toBeCloseTo(micrometres, 9);
      expect(hashes(slide)).toEqual(patches.map(([, , sha256]) => sha256));
      expect(JSON.stringify({ ...slide, patches: slide.patches.map(({ source }) => source) })).not.toContain("SECRET");
    }
  );
});

describe("OME-TIFF", () => {
  it("tells that gray planes are shown as colours, and that pixels are not square", async () => {
    const { notes } = await readSlide(`${folder}planes-focus.ome.tif`, { level: 0, side: 40 });
    expect(notes).toEqual(
      expect.arrayContaining([
        "three gray planes shown as red, green and blue",
        "focal plane 2 of 3",
        "its pixels are 1.5 times as high as wide (0.5 µm across, 0.75 µm down): made square (bilinear)"
      ])
    );
  });

  it("has the pixel size of the image that is shown, not that of the photograph before it", async () => {
    const slide = await readSlide(`${folder}second-image.ome.tif`, { magnification: 20, side: 40 });
    expect(slide).toMatchObject({
      scannedAt: 20,
      micrometresPerPixel: 0.5,
      level: 0,
      magnificationFrom: "OME-XML PhysicalSizeX"
    });
    expect(slide.notes).toContain("left out: 1 other picture of the file (label, photograph of the glass or the like)");
  });

  it("whose XML does not speak of its gray pages is refused, as is any other TIFF of such pages", async () => {
    const bytes = readFileSync(`${folder}planes.ome.tif`);
    const expected =
      "IMAGE_UNREADABLE: SLIDE holds 3 gray pictures of the same size, and does not say whether they are red, green and blue, or channels of something else. Save it as a picture in colour.";
    for (const [from, to] of [
      ["<Pixels ", "<Pixelz "],
      ["<OME xmlns", "<XXX xmlns"]
    ] as const) {
      const changed = Buffer.from(bytes);
      changed.write(to, changed.indexOf(from));
      expect(await failure(written("unsaid.ome.tif", changed))).toBe(expected);
    }
  });

  it("of dyes is refused", async () => {
    expect(await failure(`${folder}planes-dyes.ome.tif`)).toBe(
      "IMAGE_UNREADABLE: SLIDE has 3 channels in planes of their own, as of fluorescence; expected one picture in colour, or three planes of red, green and blue. Make a picture in colour of the channels that you need."
    );
  });

  it("whose planes differ in size is damaged", async () => {
    const bytes = readFileSync(`${folder}planes.ome.tif`);
    bytes.writeUInt32LE(200, entryOf(bytes, 256) + 8); // the width of the first plane
    bytes.writeUInt16LE(4, entryOf(bytes, 256) + 2);
    expect(await failure(written("planes.ome.tif", bytes))).toMatch(
      /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete: its OME-XML speaks of 3 planes/
    );
  });
});

describe("a sparse slide", () => {
  it.each(["pages-lzw.tif", "aperio-jpeg.svs", "strips-packbits.tif"])(
    "%s, with a tile or strip left out, shows it as white and says so",
    async (name) => {
      const isInStrips = name.startsWith("strips"); // of 20 rows: few of them make no patch glass
      const options = { level: 0, side: isInStrips ? 80 : 40 };
      const whole = await readSlide(`${slides}${name}`, options);
      // The one below the middle of the first patch with tissue.
      const bytes = readFileSync(`${slides}${name}`);
      const { x, y } = whole.positions[0] ?? { x: 0, y: 0 };
      const which = isInStrips
        ? Math.floor((y + 20) / 20)
        : Math.floor((y + 20) / 64) * Math.ceil(whole.width / 64) + Math.floor((x + 20) / 64);
      for (const tag of isInStrips ? [273, 279] : [324, 325])
        setList(bytes, tag, (value, index) => (index === which ? 0 : value));
      const slide = await readSlide(written(name, bytes), options);
      expect(slide.notes.join()).toMatch(
        /shown as white background: 1 of \d+ tiles of the level, which the file leaves out \(it is sparse\)/
      );
      // Every pixel is as it was, or white, and some are.
      let white = 0;
      for (const [index, { rgb }] of slide.patches.entries()) {
        const place = slide.positions[index];
        const before = whole.patches[whole.positions.findIndex((one) => one.x === place?.x && one.y === place.y)]?.rgb;
        if (before === undefined) continue; // black before
        for (let at = 0; at < rgb.length; at += 1) if (rgb[at] !== before[at]) white += rgb[at] === 255 ? 1 : NaN;
      }
      expect(white).toBeGreaterThan(0);
    }
  );

  it("without any tile has no tissue, and says why", async () => {
    const bytes = readFileSync(`${slides}strips-packbits.tif`);
    setList(bytes, 279, () => 0);
    expect(await failure(written("empty.tif", bytes))).toBe(
      "IMAGE_UNREADABLE: SLIDE has no tissue: all 20 patches are as bright as the background, or black, and 9 of 9 tiles are left out of the file. Check that it is a brightfield slide."
    );
  });

  it("has no patch where its level holds nothing, though a smaller one does, and says so", async () => {
    const bytes = readFileSync(`${slides}pages-lzw.tif`);
    const options = { level: 0, side: 64 };
    const whole = await readSlide(`${slides}pages-lzw.tif`, options);
    const gone = whole.positions[3] ?? { x: 0, y: 0 };
    const which = (gone.y / 64) * Math.ceil(whole.width / 64) + gone.x / 64;
    for (const tag of [324, 325]) setList(bytes, tag, (value, index) => (index === which ? 0 : value));
    const slide = await readSlide(written("left-out.tif", bytes), options);
    expect(slide.positions).toEqual(whole.positions.filter((_one, index) => index !== 3));
    expect(hashes(slide)).toEqual(hashes(whole).filter((_one, index) => index !== 3));
    expect(slide.notes).toContain(
      "left out: 1 patch with tissue on a smaller level, of which this level holds nothing"
    );
  });

  it("whose offset alone is 0 is damaged", async () => {
    const bytes = readFileSync(`${slides}aperio-jpeg.svs`);
    setList(bytes, 324, (value, index) => (index === 17 ? 0 : value));
    expect(await failure(written("offset.svs", bytes))).toMatch(
      /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete: the part/
    );
  });
});

describe("a TIFF", () => {
  /** A tag in place of that of the software. */
  function withShort(name: string, tag: number, value: number): string {
    const bytes = readFileSync(`${slides}${name}`);
    const entry = entryOf(bytes, 305);
    bytes.writeUInt16LE(tag, entry);
    bytes.writeUInt16LE(3, entry + 2);
    bytes.writeUInt32LE(1, entry + 4);
    bytes.writeUInt32LE(value, entry + 8);
    return written(`${tag}.tif`, bytes);
  }

  it("that is to be turned is shown as it is stored, and says so", async () => {
    const turned = await readSlide(withShort("pages-lzw.tif", 274, 6), { level: 1, side: 40 });
    expect(turned.notes).toContain("its orientation (6 of TIFF) is not applied: shown as it is stored");
    expect(hashes(turned)).toEqual(hashes(await readSlide(`${slides}pages-lzw.tif`, { level: 1, side: 40 })));
    expect((await readSlide(withShort("pages-lzw.tif", 274, 1), { level: 1, side: 40 })).notes.join()).not.toContain(
      "orientation"
    );
  });

  it("with signed samples is refused", async () => {
    expect(await failure(withShort("pages-lzw.tif", 339, 2))).toMatch(
      /^IMAGE_UNREADABLE: SLIDE has samples with a sign; expected whole numbers from 0 to 255\. Convert it/
    );
  });
});

describe("a slide in DICOM", () => {
  it("may be named by its folder, or by any of its files; labels are left out", async () => {
    for (const path of ["dicom-full", "dicom-full/level-1.dcm", "dicom-full/level-2.dcm", "dicom-full/label.dcm"]) {
      const slide = await readSlide(`${folder}${path}`, { level: 0, side: 40 });
      expect(hashes(slide)).toEqual(expectedOf("dicom-full/level-1.dcm"));
      expect(slide).toMatchObject({ levels: 2, scannedAt: 20, magnificationFrom: "DICOM Pixel Spacing" });
      expect(slide.notes).toContain(
        "left out: 1 other picture of the file (label, photograph of the glass or the like)"
      );
    }
  });

  it("is found among files of others, by its series", async () => {
    const study = join(root, "study");
    mkdirSync(study);
    cpSync(`${folder}dicom-full`, study, { recursive: true });
    const other = readFileSync(`${folder}dicom-sparse/level.dcm`);
    const uid = other.lastIndexOf("1.2.826.0.1.3680043.8.498.1\0");
    other[uid + 26] = 0x37; // another series
    writeFileSync(join(study, "other.dcm"), other);
    writeFileSync(join(study, "notes.txt"), "no slide");
    expect(hashes(await readSlide(join(study, "level-2.dcm"), { level: 0, side: 40 }))).toEqual(
      expectedOf("dicom-full/level-1.dcm")
    );
    expect(await failure(study)).toBe(
      "IMAGE_UNREADABLE: SLIDE is a folder with 2 slides in DICOM. Name a file of one, or the folder of one."
    );
  });

  it("says that a level of it cannot be read", async () => {
    const own = join(root, "one-damaged");
    cpSync(`${folder}dicom-full`, own, { recursive: true });
    writeFileSync(join(own, "level-2.dcm"), readFileSync(join(own, "level-2.dcm")).subarray(0, 500));
    const slide = await readSlide(join(own, "level-1.dcm"), { level: 0, side: 40 });
    expect(slide.levels).toBe(1);
    expect(slide.notes).toContain("left out: 1 DICOM file of the folder that cannot be read");
  });

  it("with a part that is missing is sparse, and says so", async () => {
    const part = join(root, "part");
    mkdirSync(part);
    copyFileSync(`${folder}dicom-split/part-1.dcm`, join(part, "part-1.dcm"));
    const slide = await readSlide(part, { level: 0, side: 40 });
    expect(slide.notes).toContain(
      "shown as white background: 2 of 4 tiles of the level, which the file leaves out (it is sparse)"
    );
    expect(hashes(slide).slice(0, 2)).toEqual(expectedOf("dicom-split/part-1.dcm").slice(0, 2));
    expect(slide.patches.at(-1)?.rgb.at(-1)).toBe(255);
  });

  it("whose list of frames points elsewhere is damaged", async () => {
    const bytes = readFileSync(`${folder}dicom-full/level-1.dcm`);
    const item = bytes.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00])) + 12;
    bytes.writeUInt32LE(bytes.readUInt32LE(item + 8 + 4) + 2, item + 8 + 4);
    const own = join(root, "offsets");
    mkdirSync(own);
    writeFileSync(join(own, "level.dcm"), bytes);
    expect(await failure(own)).toBe(
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: frame 2 is not where the list of frames says."
    );
  });

  it("cut anywhere is an error", async () => {
    for (const file of [
      "dicom-full/level-1.dcm",
      "dicom-full/level-2.dcm",
      "dicom-sparse/level.dcm",
      "dicom-split/part-1.dcm"
    ]) {
      const bytes = readFileSync(`${folder}${file}`);
      for (const share of [0.02, 0.3, 0.9]) {
        const own = join(root, `cut-${share}-${basename(file)}`);
        mkdirSync(own);
        writeFileSync(join(own, "level.dcm"), bytes.subarray(0, bytes.length * share));
        expect(await failure(own)).toMatch(/^IMAGE_UNREADABLE/);
        rmSync(own, { recursive: true });
      }
    }
  });

  it("that does not say how large it is is refused, and frames beyond its tiles are told", async () => {
    const rowsTag = Buffer.from([0x48, 0x00, 0x07, 0x00, 0x55, 0x4c]); // Total Pixel Matrix Rows
    const [unsaid, less] = [join(root, "unsaid"), join(root, "less")];
    for (const [own, change] of [
      [unsaid, (bytes: Buffer, at: number) => bytes.writeUInt16LE(0x09, at + 2)],
      [less, (bytes: Buffer, at: number) => bytes.writeUInt32LE(128, at + 8)]
    ] as const) {
      mkdirSync(own);
      const bytes = readFileSync(`${folder}dicom-full/level-1.dcm`);
      change(bytes, bytes.indexOf(rowsTag));
      writeFileSync(join(own, "level.dcm"), bytes);
    }
    expect(await failure(unsaid)).toBe(
      "IMAGE_UNREADABLE: SLIDE cannot be read as DICOM: it does not say how large the slide is (Total Pixel Matrix Columns and Rows)."
    );
    expect((await readSlide(less, { level: 0, side: 40 })).notes).toContain(
      "left out: frames beyond the tiles that the file speaks of"
    );
  });

  it("is not any DICOM file", async () => {
    const ct = fileURLToPath(new URL("../fixtures/dicom/mono2-12-j2k.dcm", import.meta.url));
    expect(await failure(ct)).toBe(
      "IMAGE_UNREADABLE: SLIDE is a DICOM file, but not of a slide (VL Whole Slide Microscopy). Give it as a picture or as a series."
    );
  });
});

describe("pixels that are not square", () => {
  it("are made square of what is shown, by their shorter edge, and the overview as well", async () => {
    const slide = await readSlide(`${folder}wide-pixels.tif`, { magnification: 20, side: 40, overview: true });
    expect(slide).toMatchObject({ pixelAspect: 0.4, scannedAt: 20, shrunkBy: 1, micrometresPerPixel: 1.25 });
    expect(hashes(slide)).toEqual(expectedOf("wide-pixels.tif"));
    // 236 × 172 pixels of 1.25 × 0.5 µm, each 5 × 5 averaged to one before.
    expect(slide.overview).toMatchObject({ width: 120, height: 35 });
    expect(slide.notes.slice(2, 4)).toEqual([
      "scanned at 20x by TIFF resolution",
      "its pixels are 2.5 times as wide as high (1.25 µm across, 0.5 µm down): made square (bilinear)"
    ]);
  });

  it("are shown as they are stored where that is wanted", async () => {
    const slide = await readSlide(`${folder}wide-pixels.tif`, { level: 0, side: 40, aspect: false, overview: true });
    expect(slide).toMatchObject({ pixelAspect: 1, grid: 20, overview: { width: 48, height: 35 } });
    expect(slide.notes).toContain(
      "its pixels are 2.5 times as wide as high (1.25 µm across, 0.5 µm down): shown as they are stored"
    );
  });

  it("are square where they differ by less than 1 %", async () => {
    const bytes = readFileSync(`${folder}wide-pixels.tif`);
    bytes.writeUInt32LE(19_850, bytes.readUInt32LE(entryOf(bytes, 282) + 8));
    const slide = await readSlide(written("nearly-square.tif", bytes), { level: 0, side: 40 });
    expect(slide).toMatchObject({ pixelAspect: 1, grid: 20 });
    expect(slide.notes.join()).not.toContain("square");
  });
});

describe("Ventana BIF", () => {
  const bif = (): Buffer => readFileSync(`${folder}ventana.bif`);

  /** The XML of the largest level, in place. */
  function withXml(from: RegExp, to: (...found: string[]) => string): Buffer {
    const bytes = bif();
    const start = bytes.indexOf("<?xml");
    const end = bytes.indexOf("</EncodeInfo>") + "</EncodeInfo>".length;
    const xml = bytes.toString("latin1", start, end).replaceAll(new RegExp(from, "g"), to);
    bytes.fill(0x20, start, end).write(xml, start, end - start, "latin1");
    return bytes;
  }

  it("tells how its tiles were laid out, and how it was scanned", async () => {
    const slide = await readSlide(`${folder}ventana.bif`, { magnification: 10, side: 40 });
    expect(slide).toMatchObject({
      level: 1,
      scannedAt: 20,
      magnificationFrom: "Ventana Magnification",
      micrometresPerPixel: 0.5
    });
    expect(slide.notes).toEqual(
      expect.arrayContaining([
        "2 scanned areas, each at its place on the glass",
        "its tiles overlap, and lie at the nearest whole pixels by the mean of their overlaps: seams may show",
        "left out: 2 other pictures of the file (label, photograph of the glass or the like)"
      ])
    );
  });

  it("that does not say by how much its tiles overlap shows them side by side, and says so", async () => {
    const slide = await readSlide(
      written(
        "unjoined.bif",
        withXml(/Confidence="\d+"/, (all) => `Confidence="0"${" ".repeat(all.length - 14)}`)
      ),
      { level: 0, side: 64 }
    );
    expect(slide.notes).toContain("the file does not say by how much its tiles overlap: placed side by side");
    expect(slide.notes.join()).not.toContain("seams");
    expect(slide.width).toBe(300 + 2 * 64);
  });

  it("with overlaps of a fraction of a pixel lies at the nearest whole ones", async () => {
    // One of the 7 neighbours across overlaps by 20 instead of 16.
    let joint = 0;
    const path = written(
      "mean.bif",
      withXml(/OverlapX="16"/, () => ((joint += 1) === 1 ? 'OverlapX="20"' : 'OverlapX="16"'))
    );
    const { width } = await readSlide(path, { level: 0, side: 40 });
    expect(joint).toBe(7);
    expect(width).toBe(Math.ceil(300 + 2 * 64 - 16 - 4 / 7));
  });

  it("shows a tile below one that is left out", async () => {
    const bytes = bif();
    const whole = await readSlide(`${folder}ventana.bif`, { level: 0, side: 40 });
    // The second tile of the first row: what the first one holds of the overlap stays.
    const lists = tileLists(bytes, 2);
    for (const { at, size } of lists) bytes.writeUIntLE(0, at + size, Math.min(size, 6));
    const slide = await readSlide(written("sparse.bif", bytes), { level: 0, side: 40 });
    const at = (one: Slide, x: number, y: number): Uint8Array | undefined => {
      const index = one.positions.findIndex((box) => box.x <= x && x < box.x + 40 && box.y <= y && y < box.y + 40);
      const [box, patch] = [one.positions[index], one.patches[index]];
      return box === undefined
        ? undefined
        : patch?.rgb.subarray(((y - box.y) * 40 + x - box.x) * 3, ((y - box.y) * 40 + x - box.x) * 3 + 3);
    };
    expect(slide.notes.join()).toContain("1 of 12 tiles of the level, which the file leaves out");
    expect([...(at(slide, 32 + 63, 20) ?? [])]).not.toEqual([255, 255, 255]);
    expect([...(at(slide, 32 + 64, 20) ?? [])]).toEqual([255, 255, 255]);
    expect([...(at(whole, 32 + 64, 20) ?? [])]).not.toEqual([255, 255, 255]);
  });

  it.each<[string, () => Buffer, string]>([
    ["an area that is not placed", () => withXml(/<AOI1 /, () => "<AOX1 "), "its XML describes 3 areas, and places 2."],
    [
      "tiles of another size",
      () => withXml(/Width="64"/, () => 'Width="65"'),
      "its XML speaks of tiles of another size."
    ],
    [
      "more tiles than there are",
      () => withXml(/NumCols="3"/, () => 'NumCols="9"'),
      "its XML names tiles that are not there."
    ],
    [
      "an overlap of a whole tile",
      () => withXml(/OverlapX="16"/, () => 'OverlapX="64"'),
      "its tiles overlap by 64×8 pixels."
    ],
    [
      "an overlap that is no number",
      () => withXml(/OverlapX="16"/, () => 'OverlapX="x6"'),
      "its XML has no OverlapX where one is needed."
    ],
    [
      "no area that was scanned",
      () => withXml(/AOIScanned="1"/, () => 'AOIScanned="0"'),
      "its XML names no area that was scanned."
    ]
  ])("with %s is damaged", async (_what, bytes, message) => {
    expect(await failure(written("damaged.bif", bytes()))).toBe(
      `IMAGE_UNREADABLE: SLIDE is damaged or incomplete: ${message}`
    );
  });

  it.each(["ventana.bif", "ventana.tif", "leica.scn"])(
    "%s is not a picture: its first one shows the glass, perhaps with the label",
    async (name) => {
      for (const source of [`${folder}${name}`, readFileSync(`${folder}${name}`)])
        await expect(decodeImage(source)).rejects.toMatchObject({
          code: "IMAGE_UNREADABLE",
          message: expect.stringMatching(
            /whose first picture is a photograph of the glass, perhaps with the label\. Take its patches as a slide\.$/
          ) as string,
          remedy: { option: "slide" }
        });
    }
  );

  /** Where the lists of offsets and lengths of tiles lie: of a page of a little-endian BigTIFF. */
  function tileLists(bytes: Buffer, page: number): { readonly at: number; readonly size: number }[] {
    let directory = Number(bytes.readBigUInt64LE(8));
    for (let left = page; left > 0; left -= 1)
      directory = Number(bytes.readBigUInt64LE(directory + 8 + 20 * Number(bytes.readBigUInt64LE(directory))));
    const entries = Array.from(
      { length: Number(bytes.readBigUInt64LE(directory)) },
      (_one, index) => directory + 8 + 20 * index
    );
    const found = entries.filter((entry) => [324, 325].includes(bytes.readUInt16LE(entry)));
    return found.map((entry) => ({
      at: Number(bytes.readBigUInt64LE(entry + 12)),
      size: { 3: 2, 4: 4, 16: 8 }[bytes.readUInt16LE(entry + 2)] ?? 8
    }));
  }
});

describe("Leica SCN", () => {
  it("tells an area of another objective apart from the photograph of the glass", async () => {
    const bytes = readFileSync(`${folder}leica.scn`);
    const second = bytes.lastIndexOf("<objective>20<");
    bytes.write("40", second + "<objective>".length, "latin1");
    const { notes } = await readSlide(written("objectives.scn", bytes), { level: 0, side: 40 });
    expect(notes).toEqual(
      expect.arrayContaining([
        "left out: 1 area scanned with another objective",
        "left out: 1 other picture of the file (label, photograph of the glass or the like)"
      ])
    );
  });
});

describe("Hamamatsu NDPI", () => {
  it("whose list of restart intervals is wrong is damaged", async () => {
    const bytes = readFileSync(`${folder}hamamatsu.ndpi`);
    setList(bytes, 65426, (value, index) => (index === 5 ? value + 3 : value));
    expect(await failure(written("list.ndpi", bytes))).toBe(
      "IMAGE_UNREADABLE: SLIDE is damaged or incomplete: a restart interval does not end where its list says."
    );
    setList(bytes, 65426, (value, index) => (index === 5 ? 0 : value));
    expect(await failure(written("list.ndpi", bytes))).toMatch(
      /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete: a restart interval has -?\d+ bytes/
    );
  });

  // Elsewhere a file with a hole may take as much of the disk as it says.
  it.runIf(process.platform === "linux")(
    "may be larger than 4 GiB: the upper halves of places stand behind each directory",
    async () => {
      const bytes = readFileSync(`${folder}hamamatsu.ndpi`);
      const head = Buffer.from(bytes.subarray(0, 12));
      head.writeUInt32LE(1, 8);
      for (let directory = bytes.readUInt32LE(4); directory !== 0;) {
        const count = bytes.readUInt16LE(directory);
        const next = directory + 2 + 12 * count;
        for (let index = 0; index < count; index += 1) {
          const entry = directory + 2 + 12 * index;
          const size = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4][bytes.readUInt16LE(entry + 2)] ?? 1;
          const isPlace = bytes.readUInt16LE(entry) === 273 || size * bytes.readUInt32LE(entry + 4) > 4;
          bytes.writeUInt32LE(isPlace ? 1 : 0, next + 8 + 4 * index);
        }
        directory = bytes.readUInt32LE(next);
        bytes.writeUInt32LE(directory === 0 ? 0 : 1, next + 4);
      }
      const path = written("large.ndpi", head);
      const file = openSync(path, "r+");
      writeSync(file, bytes, 0, bytes.length, 2 ** 32);
      closeSync(file);
      expect(hashes(await readSlide(path, { level: 0, side: 40 }))).toEqual(expectedOf("hamamatsu.ndpi"));
    }
  );

  it("whose stream is damaged is an error", async () => {
    const bytes = readFileSync(`${folder}hamamatsu.ndpi`);
    const start = bytes.readUInt32LE(entryOf(bytes, 273) + 8);
    bytes.fill(0xff, start + 2000, start + 2040);
    expect(await failure(written("stream.ndpi", bytes))).toMatch(/^IMAGE_UNREADABLE: SLIDE is damaged or incomplete/);
  });
});

describe("JPEG 2000 of Aperio", () => {
  it("with YCbCr is turned into RGB", async () => {
    const [ycbcr, rgb] = [
      await readSlide(`${folder}aperio-jpeg-2000-ycbcr.svs`, { level: 0, side: 40 }),
      await readSlide(`${folder}aperio-jpeg-2000.svs`, { level: 0, side: 40 })
    ];
    const most = Math.max(
      ...ycbcr.patches.map((patch, index) =>
        patch.rgb.reduce((worst, value, at) => Math.max(worst, Math.abs(value - (rgb.patches[index]?.rgb[at] ?? 0))), 0)
      )
    );
    expect(most).toBeLessThanOrEqual(3); // both are lossless, but for Pillow's whole numbers of YCbCr
  });

  it("cut in a tile is an error", async () => {
    const bytes = readFileSync(`${folder}aperio-jpeg-2000.svs`);
    setList(bytes, 325, (value) => value >> 1);
    expect(await failure(written("cut.svs", bytes))).toMatch(
      /^IMAGE_UNREADABLE: SLIDE is damaged or incomplete: the part/
    );
  });
});
