import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage, prepareImage } from "../../src/index.js";
import { dicom, folder, pictureFacts, slice } from "./fixtures.js";

describe("a DICOM picture equals pydicom's", () => {
  const cases = pictureFacts.map(
    (fact) => [`${fact.file} ${JSON.stringify({ frame: fact.frame, window: fact.window })}`, fact] as const
  );
  it.each(cases)("%s", async (_what, { file, frame, window, lossy, expected }) => {
    const { data, info } = await sharp(folder + expected)
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    const image = await decodeImage(folder + file, { frame, window });
    expect([image.width, image.height, image.rgb.length]).toEqual([info.width, info.height, data.length]);
    const most = image.rgb.reduce((so, level, index) => Math.max(so, Math.abs(level - (data[index] ?? 0))), 0);
    // Lossless codecs give pydicom's very values; of lossy ones no two round alike.
    expect(most).toBeLessThanOrEqual(lossy ? 3 : 0);
  });

  it("the same from bytes, a path and a data: URL, and as a square", async () => {
    const bytes = dicom("mono2-12-explicit");
    const sources = [
      bytes,
      `${folder}mono2-12-explicit.dcm`,
      `data:application/dicom;base64,${bytes.toString("base64")}`
    ];
    const hashes = await Promise.all(sources.map(async (source) => (await prepareImage(source, { side: 56 })).sha256));
    expect(new Set(hashes).size).toBe(1);
  });
});

describe("the notes of a DICOM picture", () => {
  it.each([
    ["ct", {}, ["window 40/400 of the file (1 of 2)", "overlay ignored", "pixels 1.14 times as wide as high"]],
    [
      "ct",
      { window: 2 },
      ["window -600/1500 of the file (2 of 2)", "overlay ignored", "pixels 1.14 times as wide as high"]
    ],
    ["ct", { window: "lung" }, ["window lung -600/1500", "overlay ignored", "pixels 1.14 times as wide as high"]],
    [
      "ct",
      { window: { center: 1.5, width: 7 } },
      ["window 1.5/7", "overlay ignored", "pixels 1.14 times as wide as high"]
    ],
    [
      "ct",
      { window: "full" },
      ["from the least to the greatest value (-1024 to 3071)", "overlay ignored", "pixels 1.14 times as wide as high"]
    ],
    ["mono1-12-explicit", {}, ["window 1500/2000 of the file", "MONOCHROME1 inverted"]],
    ["voi-lut-12", {}, ["VOI LUT of the file"]],
    ["window-sigmoid", {}, ["window 1800.5/900 of the file (1 of 2), sigmoid"]],
    ["padding", {}, ["from the least to the greatest value (-1000 to 3000)"]],
    ["frames", { frame: 2 }, ["from the least to the greatest value (0 to 255)", "frame 2 of 3"]],
    ["frames-rgb", {}, ["frame 1 of 2"]],
    ["rgb-explicit", {}, []]
  ] as const)("%s %o", async (name, options, notes) => {
    expect((await decodeImage(dicom(name), options)).notes).toEqual(notes);
    const square = notes.some((note) => note.startsWith("pixels ")) ? ["pixels made square (bilinear)"] : [];
    expect((await prepareImage(dicom(name), { side: 28, ...options })).notes ?? []).toEqual([...notes, ...square]);
  });

  it("tell of a window that cannot be, which is not used", async () => {
    const file = dicom("mono2-12-explicit");
    const spoilt = Buffer.from(file.toString("latin1").replace("2000", "0000"), "latin1");
    const { notes } = await decodeImage(spoilt);
    expect(notes).toEqual([
      "from the least to the greatest value (0 to 4095)",
      "a window of the file has no width and is ignored"
    ]);
  });
});

describe("a choice that a file does not offer is refused", () => {
  const png = readFileSync(`${folder}${pictureFacts[0]?.expected ?? ""}`);
  it.each([
    ["a window for a PNG", png, { window: "lung" }],
    ["a frame for a PNG", png, { frame: 1 }],
    ["a window for decoded pixels", { source: "x", width: 1, height: 1, rgb: new Uint8Array(3) }, { window: "full" }],
    ["a window for colours", dicom("rgb-explicit"), { window: "full" }],
    ["a window for a palette", dicom("palette-8-explicit"), { window: { center: 1, width: 2 } }],
    ["a preset for what is no CT", dicom("mono2-12-explicit"), { window: "lung" }],
    ["a preset for a CT in another unit", slice(5, { "0028,1054 LO": "mg/ml" }), { window: "lung" }],
    ["a preset for a CT of effective atomic numbers", slice(5, { "0028,1054 LO": "Z_EFF" }), { window: "lung" }],
    ["a window that is not there", dicom("ct"), { window: 3 }],
    ["window 0", dicom("ct"), { window: 0 }],
    ["a window of no width", dicom("ct"), { window: { center: 1, width: 0.5 } }],
    ["a window of no numbers", dicom("ct"), { window: { center: "1", width: 2 } }],
    ["a preset that does not exist", dicom("ct"), { window: "toString" }],
    ["a frame that is not there", dicom("frames"), { frame: 4 }],
    ["frame 0", dicom("frames"), { frame: 0 }],
    ["frame 1.5", dicom("frames"), { frame: 1.5 }]
  ])("%s", async (_what, source, options) => {
    await expect(decodeImage(source, options as never)).rejects.toMatchObject({
      name: "MedGemmaError",
      code: "INVALID_ARGUMENT"
    });
  });
});
