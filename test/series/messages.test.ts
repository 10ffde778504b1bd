/** What is said of files that are no series or no picture: what they are, and what to do. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { decodeImage, readSeries, type SeriesOptions } from "../../src/index.js";
import { dicomdir, slice } from "../dicom/fixtures.js";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "medgemma-messages-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const nifti = readFileSync(`${fixtures}nifti/ct-las.nii.gz`);
const volume = gunzipSync(nifti);

function folderOf(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, ".."), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

async function messageOf(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "MedGemmaError" });
  expect((error as Error).message).not.toMatch(/\n|SECRET/);
  return (error as Error).message;
}

const series = async (path: string, options: SeriesOptions = {}) => await messageOf(readSeries(path, options));
const picture = async (source: string | Uint8Array, options = {}) => await messageOf(decodeImage(source, options));

/** Of Analyze 7.5: the size of its header and nothing more. */
function analyze(): Buffer {
  const header = Buffer.alloc(348);
  header.writeInt32LE(348, 0);
  return header;
}

const files = folderOf("files", {
  "brain.nii.gz": nifti,
  "brain.nii": volume,
  "no-ending": nifti,
  "brain.hdr": analyze(),
  "brain.img": Buffer.alloc(2000),
  "brain.mgz": gzipSync(Buffer.alloc(400)),
  "brain.nrrd": "NRRD0004\ntype: short\n",
  "brain.mha": "ObjectType = Image\nNDims = 3\n",
  "brain.rec": Buffer.alloc(64)
});

describe("a volume that is given as a picture", () => {
  it.each(["brain.nii.gz", "brain.nii", "no-ending"])("%s leads to a series", async (name) => {
    expect(await picture(join(files, name))).toMatch(
      /is a NIfTI volume, not a picture\. Take its slices as a series, with its modality, CT or MR/
    );
    expect(await picture(join(files, name), { window: "lung" })).toContain("is a NIfTI volume");
  });

  it.each([
    ["brain.hdr", /Analyze volume, a pair of \.hdr and \.img/],
    ["brain.img", /half of a pair of files \(\.hdr and \.img\)/],
    ["brain.mgz", /FreeSurfer volume \(MGZ\)\. Convert it with mri_convert/],
    ["brain.nrrd", /NRRD volume\. Save it as \.nii\.gz with 3D Slicer or SimpleITK/],
    ["brain.mha", /MetaImage volume/],
    ["brain.rec", /PAR\/REC pair\. Convert it with dcm2niix/]
  ] as const)("%s is called what it is, as a picture and as a series", async (name, message) => {
    expect(await picture(join(files, name))).toMatch(message);
    expect(await series(join(files, name))).toMatch(message);
    expect(await series(join(files, name), { modality: "MR" })).toMatch(message);
  });

  it("is known by its content: a picture may be called .img", async () => {
    const path = join(files, "photo.img");
    cpSync(`${fixtures}images/alpha.png`, path);
    expect((await decodeImage(path)).width).toBeGreaterThan(0);
  });
});

describe("a folder", () => {
  const mrSlices = Object.fromEntries(
    [1, 2, 3].map((number) => [
      `${number}.dcm`,
      slice(number, { "0020,0013 IS": String(number), "0020,0032 DS": `0\\0\\${number}` })
    ])
  );

  it("with a series leads to a series when it is given as a picture", async () => {
    expect(await picture(folderOf("series", mrSlices))).toMatch(
      /3 DICOM images in 1 series \(CT 3\), not an image file\. Name a file in it, or take a series\.$/
    );
  });

  it("of NIfTI files says so, and what to do", async () => {
    const path = folderOf("niftis", { "a.nii.gz": nifti, "b.nii": volume, "notes.txt": "x" });
    expect(await series(path)).toBe(
      `${path} has no DICOM image, only 2 NIfTI files, 1 file that is not DICOM. Name one of the NIfTI files, with its modality, CT or MR.`
    );
    expect(await picture(path)).toContain(
      "2 NIfTI files, not an image file. Take a NIfTI file as a series, with its modality, CT or MR."
    );
  });

  it("of links is what they lead to, as DataLad and Nextflow make it", async () => {
    const target = folderOf("targets", mrSlices);
    const path = folderOf("links", {});
    for (const name of Object.keys(mrSlices)) symlinkSync(join(target, name), join(path, name));
    const { taken, leftOut, slices } = await readSeries(path);
    expect([taken, leftOut, slices[0]?.source]).toEqual([3, [], join(path, "1.dcm")]);
    expect(await picture(path)).toContain(
      "3 DICOM images in 1 series (CT 3), not an image file. Name a file in it, or take a series."
    );
    const folders = folderOf("linked folder", {});
    symlinkSync(target, join(folders, "series"), "dir");
    expect((await readSeries(folders)).taken).toBe(3);
    const one = folderOf("one link", {});
    symlinkSync(join(target, "2.dcm"), join(one, "2.dcm"));
    expect((await decodeImage(one)).source).toBe(join(one, "2.dcm"));
  });

  it("whose links lead nowhere, in a circle, or up is walked once, and that is told", async () => {
    const path = folderOf("up/circle", mrSlices);
    folderOf("up/other", { "9.dcm": slice(9, { "0020,000e UI": "1.2.3.9" }) });
    for (const [name, target] of Object.entries({
      self: ".",
      above: "..",
      root: "/",
      gone: "nowhere",
      loop: "loop",
      inner: "inner"
    }))
      symlinkSync(target, join(path, name));
    const { taken, leftOut } = await readSeries(path);
    expect([taken, leftOut]).toEqual([3, [{ count: 6, why: "links that lead nowhere or back" }]]);
    const nowhere = folderOf("nowhere", {});
    symlinkSync("gone", join(nowhere, "1.dcm"));
    expect(await series(nowhere)).toBe(
      `${nowhere} has no DICOM image, only 1 link that leads nowhere or back. Name the folder of a series, or a NIfTI file.`
    );
    expect(await picture(nowhere)).toContain("1 link that leads nowhere or back");
  });

  it("of reports and other objects says what they are", async () => {
    const objects = {
      "88.11": "a structured report",
      "104.1": "an encapsulated PDF",
      "481.3": "an RT structure set (RTSTRUCT), contours that lie on images",
      "11.1": "a presentation state, which says how images are shown",
      "9.1.1": "a waveform (ECG, sound or another signal)"
    };
    for (const [uid, what] of Object.entries(objects)) {
      const file = slice(1, { "0008,0016 UI": `1.2.840.10008.5.1.4.1.1.${uid}` });
      const path = folderOf(uid, { object: file.subarray(0, file.length - 12 - 32) });
      expect(await series(path)).toContain(`only 1 without pixels (${what})`);
      expect(await picture(join(path, "object"))).toContain(`it has no pixels: it is ${what}.`);
    }
  });

  it("of files in a transfer syntax that is not read says which", async () => {
    const file = Buffer.from(
      slice(1).toString("latin1").replace("1.2.840.10008.1.2.1\0", "1.2.840.113619.5.2\0\0"),
      "latin1"
    );
    expect(await series(folderOf("private", { a: file }))).toMatch(
      /only 1 unreadable\. The first: .*transfer syntax is Implicit VR Big Endian, a private one of GE \(1\.2\.840\.113619\.5\.2\), which is not read here\. Convert it with gdcmconv -w \(GDCM\)/
    );
  });
});

describe("a transfer syntax that is not read", () => {
  it.each([
    ["1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264", "ffmpeg"],
    ["1.2.840.10008.1.2.4.102.1", "MPEG-4 AVC/H.264", "ffmpeg"],
    ["1.2.840.10008.1.2.4.107", "HEVC/H.265", "ffmpeg"],
    ["1.2.840.10008.1.2.4.110", "JPEG XL Lossless", "Explicit VR Little Endian"],
    ["1.2.840.10008.1.2.4.94", "JPIP Referenced", "on a server"],
    ["1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", "archive"],
    ["1.2.840.10008.1.2.4.53", "a retired JPEG process", "dcmdjpeg (DCMTK)"],
    ["1.2.3.4", "1.2.3.4", "not known here"]
  ])("%s is called %s", async (uid, name, remedy) => {
    const padded = uid.length % 2 === 0 ? uid : `${uid}\0`;
    const meta = Buffer.concat([
      Buffer.from("\x02\0\x10\0UI", "latin1"),
      Buffer.from([padded.length, 0]),
      Buffer.from(padded, "latin1")
    ]);
    const message = await picture(
      Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), meta, slice(1).subarray(160)])
    );
    expect(message).toContain(name);
    expect(message).toContain(remedy);
  });
});

describe("a DICOMDIR finds its files", () => {
  const listed = ["IMAGES\\IM1", "IMAGES\\IM2", "IMAGES\\IM3"];
  const content = [1, 2, 3].map((number) =>
    slice(number, { "0020,0013 IS": String(number), "0020,0032 DS": `0\\0\\${number}` })
  );

  it.each([
    ["as they are", (name: string) => name, "IMAGES"],
    ["in small letters", (name: string) => name.toLowerCase(), "images"],
    ["with .dcm", (name: string) => `${name}.dcm`, "IMAGES"],
    ["in small letters with .DCM", (name: string) => `${name.toLowerCase()}.DCM`, "Images"],
    ["with a point", (name: string) => `${name}.`, "IMAGES"],
    ["with a version", (name: string) => `${name};1`, "IMAGES"]
  ])("%s", async (what, nameOf, inner) => {
    const path = folderOf(
      `disc ${what}`,
      Object.fromEntries(content.map((file, index) => [join(inner, nameOf(`IM${index + 1}`)), file]))
    );
    writeFileSync(join(path, "DICOMDIR"), dicomdir(...listed));
    expect((await readSeries(join(path, "DICOMDIR"))).taken).toBe(3);
    writeFileSync(join(path, "DICOMDIR"), dicomdir("IMAGES\\IM2"));
    expect((await decodeImage(join(path, "DICOMDIR"))).width).toBe(4);
  });

  it("but takes none of two that could be meant", async () => {
    const path = folderOf("two discs", {
      "im1;1": content[0] ?? "",
      "im1;2": content[1] ?? "",
      DICOMDIR: dicomdir("IM1")
    });
    expect(await series(join(path, "DICOMDIR"))).toContain("1 listed in the DICOMDIR, but missing");
  });
});

describe("one of something", () => {
  it("is called so", async () => {
    const path = folderOf("one", { a: slice(1, { "0020,0013 IS": "1" }) });
    expect((await readSeries(path)).notes[0]).toBe("CT, 1 slice");
  });
});

describe("bytes behind a gzip stream", () => {
  /** Sizes on both sides of where chunks end; noise does not get smaller. */
  const noise = Buffer.from(
    Uint8Array.from({ length: 200_000 }, (_one, index) => (Math.imul(index + 1, 2_654_435_761) >>> 13) & 0xff)
  );
  const tails = {
    "512 zeros": Buffer.alloc(512),
    "100,000 zeros": Buffer.alloc(100_000),
    "a text": Buffer.from("end of tape"),
    "half a header": Buffer.from([0x1f, 0x8b]),
    "a zero and a text": Buffer.from("\0x", "latin1")
  };
  it.each(Object.entries(tails))("%s are passed over, whatever the size", async (_what, tail) => {
    for (const size of [0, 1000, 65_000, 65_536, 131_000, 200_000]) {
      const path = join(files, "tail.nii.gz");
      writeFileSync(
        path,
        Buffer.concat([gzipSync(Buffer.concat([volume, noise.subarray(0, size)]), { level: 1 }), tail])
      );
      expect((await readSeries(path, { modality: "CT" })).taken).toBe(5);
    }
  });

  it("that are a second stream belong to the volume", async () => {
    const path = join(files, "two.nii.gz");
    writeFileSync(
      path,
      Buffer.concat([gzipSync(volume.subarray(0, 400)), gzipSync(volume.subarray(400)), Buffer.alloc(9)])
    );
    const [whole, split] = await Promise.all([
      readSeries(join(files, "brain.nii"), { modality: "CT" }),
      readSeries(path, { modality: "CT" })
    ]);
    expect(split.slices.map(({ rgb }) => Buffer.from(rgb).toString("hex"))).toEqual(
      whole.slices.map(({ rgb }) => Buffer.from(rgb).toString("hex"))
    );
  });

  it("do not stand for a checksum that is cut off or wrong", async () => {
    const path = join(files, "cut.nii.gz");
    const whole = gzipSync(volume);
    for (const bytes of [
      whole.subarray(0, -1),
      whole.subarray(0, -8),
      Buffer.concat([whole.subarray(0, -8), Buffer.alloc(520)])
    ]) {
      writeFileSync(path, bytes);
      expect(await series(path, { modality: "CT" })).toContain("damaged or cut off");
    }
  });
});

describe("a slide in tiles", () => {
  const slide = {
    "0008,0016 UI": "1.2.840.10008.5.1.4.1.1.77.1.6",
    "0008,0060 CS": "SM",
    "0020,9311 CS": "TILED_FULL",
    "0048,0006 UL": Buffer.from([8, 0, 0, 0]),
    "0048,0007 UL": Buffer.from([8, 0, 0, 0])
  };
  it("is not shown by one of them, but where it is asked for", async () => {
    const path = join(files, "slide.dcm");
    writeFileSync(path, slice(7, slide));
    expect(await picture(path)).toMatch(
      /is a slide of 8 × 8 pixels in 1 tile \(VL Whole Slide Microscopy\).*Take its patches as a slide, or one tile as a frame\.$/
    );
    expect(await series(path)).toContain("only 1 of a slide in tiles. Give it as a slide.");
    expect((await decodeImage(path, { frame: 1 })).width).toBe(4);
    expect((await decodeImage(slice(7, { ...slide, "0048,0006 UL": null, "0048,0007 UL": null }))).width).toBe(4);
  });
});
