/**
 * The files of a CT or MR series → the slices that the model sees, in order. From the files up:
 *
 *     list-files → read-headers                 what there is, without pixels
 *     choose-series → arrange → thin            one series, in order, and which of its slices
 *     recipes → to-levels (round-half-even)     values → 8-bit RGB, as Google's notebook does
 *
 * Pixels are read last, one file at a time, and only of what is taken; for MR of every slice, as the range of the whole
 * volume counts.
 */
import { readFile, stat } from "node:fs/promises";
import { openDicom, readDicomPicture, type DicomFile } from "../dicom/read-dicom.js";
import { checkWindowChoice } from "../dicom/window-choice.js";
import { abortedError, firstLine, MedGemmaError } from "../errors.js";
import type { DecodedImage } from "../image/types.js";
import { arrange, type Arranged } from "./arrange.js";
import { chooseSeries, counted, describeLeftOut } from "./choose-series.js";
import { listFiles } from "./list-files.js";
import { readSlices } from "./read-headers.js";
import { recipeNames, recipes, type RecipeName, type ValueRange } from "./recipes.js";
import { defaultSlices, evenlySpaced } from "./thin.js";
import { toRgb } from "./to-levels.js";
import type { LeftOut, Series, SeriesOptions, Slice } from "./types.js";

/** Of all pictures together: 805 MB as RGB, three times what 85 slices of 1024 × 1024 need. */
const maxPixelsInAll = 2 ** 28;

/** Node reads no larger file at once. */
const maxFileBytes = 2 ** 31 - 1;

/** Slices of all files together. */
const maxSlicesInAll = 50_000;

/** How values become levels. */
interface Conversion {
  readonly recipe: RecipeName | null;
  /** For red, green and blue; null: the window of the file, or the one asked for. */
  readonly channels: readonly [ValueRange, ValueRange, ValueRange] | null;
  readonly note: string | null;
}

/**
 * CT in Hounsfield units becomes coloured by a recipe of three windows, MR gray from the least to the greatest value of the
 * volume, all else gray by the window of the file.
 *
 * @param source A folder, with folders in it, a file with several frames, or the files of a series; in any order.
 * @throws MedGemmaError IMAGE_NOT_FOUND; IMAGE_UNREADABLE; IMAGE_TOO_LARGE; INVALID_ARGUMENT, also when there are several
 *   series and `index` chooses none; ABORTED
 */
export async function readSeries(source: string | readonly string[], options: SeriesOptions = {}): Promise<Series> {
  checkOptions(options);
  const { slices: most = defaultSlices, nameOf = (path: string): string => path, signal } = options;
  const paths = typeof source === "string" ? [source] : source;
  const [first] = paths;
  if (first === undefined) throw new MedGemmaError("INVALID_ARGUMENT", "A series needs a folder or files, but none is given.");
  const name = paths.length === 1 ? nameOf(first) : `${nameOf(first)} with ${paths.length - 1} more`;
  const { found, leftOut: unread } = await readAllHeaders(paths, nameOf, signal);
  if (found.length === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} holds no DICOM image${unread.length === 0 ? "" : `, only ${unread.map(describeLeftOut).join(", ")}`}. Name the folder of a series.`);
  const chosen = chooseSeries(found, options.index, name);
  const arranged = arrange(chosen.slices);
  const indices = evenlySpaced(arranged.slices.length, most);
  const taken = indices.flatMap((index) => arranged.slices[index] ?? []);
  checkPixelsInAll(taken, name);
  const conversion = await chooseConversion(arranged.slices, options);
  const slices = await decode(taken, conversion, options);
  const leftOut = [...unread, ...chosen.leftOut, ...arranged.leftOut];
  const [head] = taken;
  return {
    slices,
    modality: head?.modality ?? null,
    seriesNumber: head?.seriesNumber ?? null,
    taken: taken.length,
    of: arranged.slices.length,
    numbers: indices.map((index) => index + 1),
    order: arranged.order,
    leftOut,
    gaps: arranged.gaps,
    recipe: conversion.recipe,
    windows: conversion.channels,
    notes: describe(arranged, { taken, slices, leftOut, conversion })
  };
}

function checkOptions({ slices, index, recipe, window }: SeriesOptions): void {
  for (const [what, value] of Object.entries({ slices, index })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) throw new MedGemmaError("INVALID_ARGUMENT", `The ${what} of a series must be a whole number from 1, but is ${value}.`);
  }
  if (recipe !== undefined && !recipeNames.includes(recipe)) throw new MedGemmaError("INVALID_ARGUMENT", `A recipe must be ${recipeNames.join(" or ")}, but is ${recipe as string}.`);
  if (recipe !== undefined && window !== undefined) throw new MedGemmaError("INVALID_ARGUMENT", "A series is shown by a recipe or by a window, but not by both. Leave one out.");
  checkWindowChoice(window);
}

async function readAllHeaders(paths: readonly string[], nameOf: (path: string) => string, signal: AbortSignal | undefined): Promise<{ readonly found: readonly Slice[]; readonly leftOut: readonly LeftOut[] }> {
  const found: Slice[] = [];
  const others = { other: 0, empty: 0, damaged: 0 };
  for (const file of await listFiles(paths, nameOf)) {
    if (signal?.aborted === true) throw abortedError("Reading the series", signal);
    const read = await readSlices(file);
    if (typeof read === "string") others[read] += 1;
    else for (const slice of read) found.push(slice);
    if (found.length > maxSlicesInAll) throw new MedGemmaError("IMAGE_TOO_LARGE", `The files hold more than ${maxSlicesInAll} slices. Name the folder of one series.`);
  }
  const leftOut = [...counted(others.other, "no DICOM file"), ...counted(others.empty, "without pixels"), ...counted(others.damaged, "unreadable")];
  return { found, leftOut };
}

/** Before memory is taken for them. */
function checkPixelsInAll(taken: readonly Slice[], name: string): void {
  const pixels = taken.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  if (pixels <= maxPixelsInAll) return;
  throw new MedGemmaError("IMAGE_TOO_LARGE", `The ${taken.length} slices of ${name} have ${pixels} pixels in all; the limit is ${maxPixelsInAll}. Take fewer slices.`);
}

async function chooseConversion(volume: readonly Slice[], { window, recipe = "v1.5", nameOf, signal }: SeriesOptions): Promise<Conversion> {
  const [first] = volume;
  const other = { recipe: null, channels: null, note: null };
  if (window !== undefined || first === undefined) return other;
  if (first.modality === "CT") {
    if (!volume.every(({ isHounsfield }) => isHounsfield)) return { ...other, note: "CT without Hounsfield units: the window of the file" };
    const channels = recipes[recipe];
    const shown = channels.map(([least, most]) => `${least}..${most}`).join(", ");
    return { recipe, channels, note: `red, green, blue: ${shown} HU (recipe ${recipe})` };
  }
  if (first.modality !== "MR") return other;
  const range = await rangeOfVolume(volume, { nameOf, signal });
  return { recipe: null, channels: [range, range, range], note: `gray from the least to the greatest value of the volume (${Number(range[0].toPrecision(6))} to ${Number(range[1].toPrecision(6))})` };
}

/** Padding left out. */
async function rangeOfVolume(volume: readonly Slice[], options: Pick<SeriesOptions, "nameOf" | "signal">): Promise<ValueRange> {
  const files = new FileReader(options);
  let [least, most] = [Infinity, -Infinity];
  for (const slice of volume) {
    const file = await files.open(slice);
    const [low, high] = (await file.opened().readFrame(slice.frame)).range();
    [least, most] = [Math.min(least, low), Math.max(most, high)];
  }
  return [least, most];
}

async function decode(taken: readonly Slice[], { channels }: Conversion, options: SeriesOptions): Promise<DecodedImage[]> {
  const files = new FileReader(options);
  const decoded: DecodedImage[] = [];
  for (const slice of taken) {
    const { name, frame, frames } = slice;
    const source = frames > 1 ? `${name} (frame ${frame})` : name;
    const file = await files.open(slice);
    if (channels === null) {
      const { width, height, rgb, notes } = await readDicomPicture(file.bytes, name, { window: options.window, frame });
      decoded.push({ source, width, height, rgb, notes });
    } else {
      const pixels = await file.opened().readFrame(frame);
      decoded.push({ source, width: pixels.width, height: pixels.height, rgb: toRgb(pixels, channels) });
    }
  }
  return decoded;
}

interface ReadFile {
  readonly bytes: Uint8Array;
  readonly opened: () => DicomFile;
}

/** Keeps the last file: the frames of one follow each other. */
class FileReader {
  readonly #signal: AbortSignal | undefined;
  #last: { readonly path: string; readonly file: ReadFile } | null = null;

  constructor({ signal }: Pick<SeriesOptions, "signal">) {
    this.#signal = signal;
  }

  async open({ path, name }: Slice): Promise<ReadFile> {
    if (this.#signal?.aborted === true) throw abortedError("Reading the series", this.#signal);
    if (this.#last?.path === path) return this.#last.file;
    this.#last = null; // two large files at once are one too many
    const bytes = await readWhole(path, name);
    let opened: DicomFile | null = null;
    const file = { bytes, opened: () => (opened ??= openDicom(bytes, name)) };
    this.#last = { path, file };
    return file;
  }
}

async function readWhole(path: string, name: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes) throw new MedGemmaError("IMAGE_TOO_LARGE", `${name} has ${size} bytes; the limit is ${maxFileBytes}. Export it as single slices.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read: ${firstLine(error).replaceAll(path, name)}.`, { cause: error });
  }
}

interface Described {
  readonly taken: readonly Slice[];
  readonly slices: readonly DecodedImage[];
  readonly leftOut: readonly LeftOut[];
  readonly conversion: Conversion;
}

/** What a person should know, the most important first. */
function describe({ slices: volume, order, gaps, medianSpacing }: Arranged, { taken, slices, leftOut, conversion }: Described): string[] {
  const count = taken.length === volume.length ? `all ${taken.length} slices` : `${taken.length} of ${volume.length} slices, evenly spaced`;
  const windows = conversion.channels === null ? [...new Set(slices.flatMap(({ notes }) => notes?.[0] ?? []))] : [];
  const largest = gaps.reduce((widest, gap) => (gap.mm > widest.mm ? gap : widest), gaps[0] ?? { after: 0, mm: 0 });
  return [
    `${taken[0]?.modality ?? "unknown modality"}, ${count}`,
    ...(conversion.note === null ? [] : [conversion.note]),
    ...(windows.length > 3 ? [`${windows.length} different windows, each slice with its own`] : windows),
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.map(describeLeftOut).join(", ")}`]),
    ...(order === "position" ? [] : [`no positions in the files: ordered by ${order}`]),
    ...(gaps.length === 0 ? [] : [`${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}, the widest ${rounded(largest.mm)} mm behind slice ${largest.after} of ${volume.length} (usual: ${rounded(medianSpacing ?? 0)} mm)`])
  ];
}

function rounded(mm: number): number {
  return Number(mm.toFixed(2));
}
