import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { composePrompt, loadPreset, readSeries, recipeForModel } from "../../src/index.js";
import { evenlySpaced } from "../../src/shared/evenly-spaced.js";
import { toLevel } from "../../src/series/to-levels.js";
import { dicom, dicomdir, withLongerText } from "../dicom/fixtures.js";

const folder = fileURLToPath(new URL("../fixtures/series/", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "medgemma-series-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("thinning", () => {
  it("is that of Google's notebook, halves to the even index as Python rounds", () => {
    expect(evenlySpaced(3, 85)).toEqual([0, 1, 2]);
    expect(evenlySpaced(6, 2)).toEqual([2, 5]); // round(2.5) is 2
    expect(evenlySpaced(8, 2)).toEqual([4, 7]); // round(3.5) is 4
    const long = evenlySpaced(300, 85);
    expect([long.length, long[0], long.at(-1), new Set(long).size]).toEqual([85, 4, 299, 85]);
  });
});

describe("levels", () => {
  it("are clipped, and rounded to the even one", () => {
    expect([-5000, -1024, 1024, 5000].map((value) => toLevel(value, [-1024, 1024]))).toEqual([0, 0, 255, 255]);
    expect([1, 3].map((value) => toLevel(value, [0, 510]))).toEqual([0, 2]); // 0.5 and 1.5
    expect(toLevel(7, [7, 7])).toBe(0);
  });
});

describe("the recipe", () => {
  it.each([
    ["4b-it", "v1"],
    ["27b-it", "v1"],
    ["1.5-4b-it", "v1.5"],
    ["medgemma-4b-it-Q4_K_M", "v1"],
    ["medgemma-1.5-4b-it-Q4_K_M", "v1.5"],
    ["medgemma-1_5-4b-it", "v1.5"],
    ["ollama:medgemma:4b", "v1"],
    ["ollama:medgemma1.5:4b", "v1.5"],
    ["demo", "v1.5"]
  ])("of %s is %s", (model, recipe) => {
    expect(recipeForModel(model)).toBe(recipe);
  });
});

describe("what is told", () => {
  it("is what was taken and left out, and nothing of the patient", async () => {
    const series = await readSeries(`${folder}tilted`, { slices: 3 });
    expect(series.notes).toEqual([
      "CT, 3 of 7 slices, evenly spaced",
      "red, green, blue: -1024..1024, -135..215, 0..80 HU (recipe v1.5)",
      "left out: 1 file that is not DICOM, 1 localizer, 1 secondary capture, 1 derived (MPR, MIP or the like), 1 of another size, 1 of another orientation, 1 duplicate of a position",
      "1 gap, the widest 7.5 mm behind slice 4 of 7 (usual: 2.5 mm)"
    ]);
    expect(JSON.stringify(series.notes)).not.toContain("SECRET");
    expect(series.numbers).toEqual([3, 5, 7]);
  });

  it("is that there are no positions", async () => {
    expect((await readSeries(`${folder}two`, { index: 2 })).notes).toContain(
      "no positions in the files: ordered by instance number"
    );
  });
});

describe("a window that is asked for", () => {
  it("takes the place of the recipe", async () => {
    const { recipe, windows, slices, notes } = await readSeries(`${folder}reversed`, { window: "lung", slices: 2 });
    expect([recipe, windows, notes[1]]).toEqual([null, null, "window lung -600/1500"]);
    expect(slices[0]?.rgb[0]).toBe(slices[0]?.rgb[1]);
  });
});

describe("a DICOMDIR", () => {
  it("names the files of its series, wherever they lie or links lead; other files do not count", async () => {
    const disc = join(root, "disc");
    mkdirSync(join(disc, "IMAGES"), { recursive: true });
    const names = Array.from({ length: 4 }, (_one, index) => `0${index + 1}.dcm`);
    for (const name of names) cpSync(`${folder}reversed/${name}`, join(disc, "IMAGES", name));
    cpSync(`${folder}reversed/05.dcm`, join(disc, "not-listed.dcm"));
    symlinkSync(`${folder}reversed/04.dcm`, join(disc, "IMAGES", "LINK"));
    symlinkSync(`${folder}reversed`, join(disc, "IMAGES", "FOLDER"));
    writeFileSync(
      join(disc, "DICOMDIR"),
      dicomdir(...[...names.slice(0, 3), "LINK", "FOLDER", "07.dcm"].map((name) => `IMAGES\\${name}`))
    );
    const { slices, leftOut } = await readSeries(join(disc, "DICOMDIR"));
    expect(slices.map(({ source }) => source)).toEqual(
      [...names.slice(0, 3), "LINK"].map((name) => join(disc, "IMAGES", name))
    );
    expect(leftOut).toEqual([{ count: 2, why: "listed in the DICOMDIR, but missing" }]);
  });
});

describe("refused, in one line", () => {
  const many = join(root, "many");
  mkdirSync(many);
  const nifti = join(root, "scan.nii.gz");
  writeFileSync(nifti, "");
  const scouts = join(root, "scouts");
  mkdirSync(scouts);
  cpSync(`${folder}tilted/scout.dcm`, join(scouts, "scout.dcm"));

  it.each([
    [
      "two series",
      `${folder}two`,
      {},
      "INVALID_ARGUMENT",
      "holds 2 series (1: CT, 3 slices, Series Number 2; 2: MR, 5 slices, Series Number 5). Choose one with the option index."
    ],
    ["a series that is not there", `${folder}two`, { index: 3 }, "INVALID_ARGUMENT", "There is no series 3."],
    ["nothing there", join(root, "nowhere"), {}, "IMAGE_NOT_FOUND", "Check the path"],
    ["an empty folder", many, {}, "IMAGE_UNREADABLE", "has no DICOM image"],
    ["a NIfTI file without a byte", nifti, {}, "IMAGE_UNREADABLE", "NIfTI"],
    ["nothing but a localizer", scouts, {}, "IMAGE_UNREADABLE", "only 1 localizer"],
    ["a file of text", `${folder}tilted/README.txt`, {}, "IMAGE_UNREADABLE", "not a DICOM file"],
    ["no slices", `${folder}two`, { slices: 0 }, "INVALID_ARGUMENT", "whole number from 1"],
    ["a recipe and a window", `${folder}two`, { recipe: "v1", window: "lung" }, "INVALID_ARGUMENT", "not by both"]
  ] as const)("%s", async (_what, path, options, code, message) => {
    const error: unknown = await readSeries(path, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect((error as Error).message).not.toContain("\n");
  });

  it("a folder with too many files, before any is opened", async () => {
    for (let index = 0; index <= 20_000; index += 1) writeFileSync(join(many, String(index)), "");
    await expect(readSeries(many)).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE",
      message: expect.stringContaining("more than 20000 files") as string
    });
  });

  it("a file that says that it has 100,000 frames, before they are listed", async () => {
    const file = join(root, "frames.dcm");
    writeFileSync(file, withLongerText(dicom("frames"), 0x28, 0x08, "100000"));
    await expect(readSeries(file)).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE",
      message: expect.stringContaining("100000 frames") as string
    });
  });

  it("a DICOMDIR whose files are gone, or that lists none", async () => {
    const disc = join(root, "empty-disc");
    mkdirSync(disc);
    writeFileSync(join(disc, "DICOMDIR"), dicomdir("A\\IM1", "DICOMDIR", "..\\frames.dcm"));
    await expect(readSeries(join(disc, "DICOMDIR"))).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("only 1 without pixels, 1 listed in the DICOMDIR, but missing") as string
    });
    writeFileSync(join(disc, "DICOMDIR"), "no DICOM");
    await expect(readSeries(join(disc, "DICOMDIR"))).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("not a DICOM file") as string
    });
  });

  it("a series that is stopped", async () => {
    await expect(readSeries(`${folder}two`, { index: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED"
    });
  });
});

describe("the prompt of a series", () => {
  const slices = [1, 2].map((number) => ({ source: String(number), width: 1, height: 1, rgb: new Uint8Array(3) }));
  const shown = (parts: ReturnType<typeof composePrompt>) =>
    parts.map((part) => (typeof part === "string" ? part : "▣"));

  it("has the instruction first, a number behind every slice, the question last", () => {
    expect(shown(composePrompt({ question: "Bleeding?", slices }))).toEqual([
      expect.stringContaining("one series"),
      "▣",
      "SLICE 1",
      "▣",
      "SLICE 2\n\n\nBleeding?"
    ]);
  });

  it("is numbered once, with a preset that numbers too", async () => {
    const text = shown(composePrompt({ slices, preset: await loadPreset("ct") })).join("\n");
    expect(text.match(/SLICE \d/g)).toEqual(["SLICE 1", "SLICE 2"]);
  });

  it("is no prompt of single images", () => {
    expect(() => composePrompt({ question: "?", slices, images: ["a.png"] })).toThrow(/not both/);
  });
});
