import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { readSeries, type SeriesOptions } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/nifti/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "medgemma-nifti-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const plain = gunzipSync(readFileSync(`${folder}ct-las.nii.gz`));

/** Of NIfTI-1, little-endian. */
const fields = {
  dim: 40,
  datatype: 70,
  pixdim: 76,
  voxOffset: 108,
  slope: 112,
  intercept: 116,
  sformCode: 254,
  sform: 280,
  magic: 344
};

function file(name: string, bytes: Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
}

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(plain);
  change(bytes);
  return bytes;
}

function sized(...sizes: number[]): Buffer {
  return changed((bytes) =>
    [sizes.length, ...sizes].forEach((size, index) => bytes.writeUInt16LE(size, fields.dim + 2 * index))
  );
}

/** NIfTI-2, coronal. */
function sized2(...sizes: number[]): Buffer {
  const bytes = gunzipSync(readFileSync(`${folder}mr-coronal-2.nii.gz`));
  [sizes.length, ...sizes].forEach((size, index) => bytes.writeBigInt64LE(BigInt(size), 16 + 8 * index));
  return bytes;
}

async function errorOf(path: string | string[], options: SeriesOptions = { modality: "CT" }): Promise<Error> {
  const error: unknown = await readSeries(path, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).not.toMatch(/\n|SECRET/);
  return error as Error;
}

describe("what is told of a NIfTI volume", () => {
  it("is what was taken, how, and where it begins", async () => {
    const { notes, slices, leftOut } = await readSeries(`${folder}mr-4d.nii.gz`, {
      modality: "MR",
      index: 2,
      slices: 2
    });
    expect(notes).toEqual([
      "MR, 2 of 5 slices, evenly spaced",
      expect.stringMatching(/^gray from .* \(-\d+ to \d+\)$/),
      "axial slices, from head to foot, the patient's right on the left",
      "left out: 2 other volumes"
    ]);
    expect(leftOut).toEqual([{ count: 2, why: "other volumes" }]);
    expect(slices.map(({ source }) => source)).toEqual([
      `${folder}mr-4d.nii.gz (slice 3)`,
      `${folder}mr-4d.nii.gz (slice 5)`
    ]);
  });

  it("is that it does not say how it lies, and that pixels are not square", async () => {
    const { notes } = await readSeries(`${folder}no-orientation.nii`, { modality: "MR" });
    expect(notes.at(-1)).toContain("right and left may be swapped");
    expect((await readSeries(`${folder}mr-isotropic-2-big.nii`, { modality: "MR" })).notes).toContain(
      "pixels are 1.2 times as high as wide"
    );
  });

  it("is the window that was asked for, a preset for CT only", async () => {
    const ct = await readSeries(`${folder}ct-las.nii.gz`, { window: "lung", modality: "CT" });
    expect([ct.recipe, ct.windows, ct.notes[1]]).toEqual([null, null, "window lung -600/1500"]);
    expect(await errorOf(`${folder}ct-las.nii.gz`, { window: "lung", modality: "MR" })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("not a CT") as string
    });
    expect(await errorOf(`${folder}ct-las.nii.gz`, { window: 1 })).toMatchObject({
      message: expect.stringContaining("has no window") as string
    });
  });
});

describe("a NIfTI file", () => {
  it("is known by its content", async () => {
    expect((await readSeries(file("volume", plain), { modality: "CT" })).of).toBe(5);
  });

  it("may have some bytes behind the voxels", async () => {
    const padded = Buffer.concat([plain, Buffer.alloc(4096)]);
    const whole = await readSeries(file("whole.nii", plain), { modality: "CT" });
    for (const path of [file("padded.nii", padded), file("padded.nii.gz", gzipSync(padded))]) {
      expect((await readSeries(path, { modality: "CT" })).slices.map(({ rgb }) => rgb)).toEqual(
        whole.slices.map(({ rgb }) => rgb)
      );
    }
  });

  it("shows NaN black, also in a window, and a volume of nothing else", async () => {
    const path = file(
      "nan.nii",
      Buffer.concat([
        changed((bytes) => bytes.writeInt16LE(16, fields.datatype)),
        Buffer.alloc(420, new Uint8Array(new Float32Array([Number.NaN]).buffer))
      ]).fill(new Uint8Array(new Float32Array([Number.NaN]).buffer), plain.readFloatLE(fields.voxOffset))
    );
    for (const options of [
      { modality: "CT" },
      { modality: "MR" },
      { window: "full" },
      { window: { center: 0, width: 10 } }
    ] as const) {
      expect(new Set((await readSeries(path, options)).slices.flatMap(({ rgb }) => [...rgb]))).toEqual(new Set([0]));
    }
  });

  it("takes no range from infinite values, and shows them at its ends", async () => {
    const bytes = Buffer.concat([
      changed((header) => header.writeInt16LE(16, fields.datatype)),
      Buffer.alloc(420)
    ]).fill(0, plain.readFloatLE(fields.voxOffset));
    [10, Infinity, -Infinity].forEach((value, index) =>
      bytes.writeFloatLE(value, plain.readFloatLE(fields.voxOffset) + 4 * index)
    );
    const { notes, slices } = await readSeries(file("infinite.nii", bytes), { modality: "MR" });
    expect(notes[1]).toContain("(0 to 10)");
    expect(slices.flatMap(({ rgb }) => [...rgb]).filter((level) => level === 255)).toHaveLength(6); // two voxels
  });

  it("has extensions that are passed over, whatever sizes they claim", async () => {
    const looping = changed((bytes) => bytes.writeInt32LE(-16, 352));
    expect((await readSeries(file("looping.nii", looping), { modality: "CT" })).of).toBe(5);
  });

  it("with an sform that says nothing is placed by its qform", async () => {
    const flat = changed((bytes) => bytes.fill(0, fields.sform, fields.sform + 48));
    const [whole, placed] = [
      await readSeries(file("whole.nii", plain), { modality: "CT" }),
      await readSeries(file("flat.nii", flat), { modality: "CT" })
    ];
    expect(placed.slices.map(({ rgb }) => rgb)).toEqual(whole.slices.map(({ rgb }) => rgb));
    expect(placed.notes).toEqual(whole.notes);
  });
});

describe("refused, in one line", () => {
  it.each([
    ["60,000 × 60,000", "IMAGE_TOO_LARGE", "60000×60000", sized2(60_000, 5, 60_000)],
    ["100,000 slices", "IMAGE_TOO_LARGE", "100000 slices", sized2(4, 100_000, 4)],
    ["sizes beyond all numbers", "IMAGE_UNREADABLE", "voxels", sized2(2 ** 62, 2, 2)],
    ["more bytes than memory should hold", "IMAGE_TOO_LARGE", "bytes; the limits are", sized(8000, 8000, 32)],
    ["voxels that are not there", "IMAGE_UNREADABLE", "cut off", sized(7, 6, 50)],
    ["volumes that are not there", "IMAGE_UNREADABLE", "cut off", sized(7, 6, 5, 9)],
    ["no dimensions", "IMAGE_UNREADABLE", "0 dimensions", changed((bytes) => bytes.writeInt16LE(0, fields.dim))],
    [
      "a negative size",
      "IMAGE_UNREADABLE",
      "7 × -6 × 5 voxels",
      changed((bytes) => bytes.writeInt16LE(-6, fields.dim + 4))
    ],
    ["colours", "IMAGE_UNREADABLE", "RGB24", changed((bytes) => bytes.writeInt16LE(128, fields.datatype))],
    [
      "voxels inside of the header",
      "IMAGE_UNREADABLE",
      "begin at byte 100",
      changed((bytes) => bytes.writeFloatLE(100, fields.voxOffset))
    ],
    [
      "an intercept that is no number",
      "IMAGE_UNREADABLE",
      "intercept of NaN",
      changed((bytes) => bytes.writeFloatLE(Number.NaN, fields.intercept))
    ],
    [
      "the header of a pair",
      "IMAGE_UNREADABLE",
      "pair of files",
      changed((bytes) => bytes.write("ni1", fields.magic, "latin1"))
    ],
    [
      "a header of another size",
      "IMAGE_UNREADABLE",
      "neither the size",
      changed((bytes) => bytes.writeInt32LE(349, 0))
    ],
    [
      "compressed data that are cut off",
      "IMAGE_UNREADABLE",
      "damaged or cut off",
      readFileSync(`${folder}ct-las.nii.gz`).subarray(0, -60)
    ],
    [
      "compressed data with a wrong checksum",
      "IMAGE_UNREADABLE",
      "incorrect data check",
      Buffer.concat([gzipSync(plain).subarray(0, -8), Buffer.alloc(8)])
    ],
    ["fewer voxels than announced, compressed", "IMAGE_UNREADABLE", "holds 804 of", gzipSync(sized(7, 6, 50))],
    [
      "more than memory for a small compressed file",
      "IMAGE_UNREADABLE",
      "cannot hold",
      gzipSync(sized(1000, 1000, 300))
    ],
    ["a bomb", "IMAGE_UNREADABLE", "holds more than", gzipSync(Buffer.concat([plain, Buffer.alloc(2 ** 24)]))]
  ] as const)("%s", async (what, code, message, bytes) => {
    const name = `${what.replaceAll(/\W/g, "-")}.nii`;
    expect(
      await errorOf(file(name, bytes), { modality: "CT", index: what.startsWith("volumes") ? 9 : 1 })
    ).toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  it.each([
    ["no modality", "ct-las.nii.gz", {}, "Say which with the option modality"],
    ["a preset without a modality", "ct-las.nii.gz", { window: "lung" }, "Say which with the option modality"],
    [
      "several volumes",
      "mr-4d.nii.gz",
      { modality: "MR" },
      "holds 3 volumes of 5 slices. Choose one with the option volume."
    ],
    ["a volume that is not there", "mr-4d.nii.gz", { modality: "MR", index: 4 }, "There is no volume 4."],
    [
      "the second of one volume",
      "ct-las.nii.gz",
      { modality: "CT", index: 2 },
      "holds 1 volume of 5 slices. There is no volume 2."
    ],
    ["a modality for DICOM", "../series/reversed", { modality: "CT" }, "DICOM files say it themselves"],
    ["a modality that is none", "ct-las.nii.gz", { modality: "PT" as "CT" }, 'must be CT or MR, but is "PT"']
  ] as const)("%s", async (_what, name, options, message) => {
    expect(await errorOf(`${folder}${name}`, options)).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string
    });
  });

  it("a file that ends in its header", async () => {
    for (const bytes of [plain.subarray(0, 300), gzipSync(plain.subarray(0, 300))])
      expect(await errorOf(file("short.nii", bytes), {})).toMatchObject({
        code: "IMAGE_UNREADABLE",
        message: expect.stringContaining("does not begin as one: it is empty, cut off, or something else") as string
      });
    const second = sized2(1, 1, 1).subarray(0, 400);
    expect(await errorOf(file("short2.nii", second))).toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("400 of 540 bytes") as string
    });
  });

  it("two files, as each is a series of its own", async () => {
    expect(await errorOf([`${folder}ct-las.nii.gz`, `${folder}ct-ras.nii.gz`], {})).toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("alone") as string
    });
  });

  it("a volume that is stopped", async () => {
    expect(await errorOf(`${folder}ct-las.nii.gz`, { modality: "CT", signal: AbortSignal.abort() })).toMatchObject({
      code: "ABORTED"
    });
  });
});
