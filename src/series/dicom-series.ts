/** The DICOM files of a series → the slices that the model sees, in order; see read-series.ts. */
import { readFile, stat } from "node:fs/promises";
import { openDicom, readDicomPicture, type DicomFile } from "../dicom/read-dicom.js";
import { abortedError, firstLine, MedGemmaError } from "../errors.js";
import { evenlySpaced } from "../evenly-spaced.js";
import type { DecodedImage } from "../image/types.js";
import { checkPixelsInAll } from "../picture-size.js";
import { arrange, type Arranged } from "./arrange.js";
import { chooseSeries, counted, describeLeftOut } from "./choose-series.js";
import { byRange, byRecipe, byWindows, type Conversion } from "./conversion.js";
import { describeTaken } from "./describe-taken.js";
import { listFiles } from "./list-files.js";
import { askedOf, defaultSlices } from "./summary.js";
import { readSlices } from "./read-headers.js";
import type { ValueRange } from "./recipes.js";
import { toRgb } from "./to-levels.js";
import type { LeftOut, Series, SeriesOptions, Slice } from "./types.js";

/** Node reads no larger file at once. */
const maxFileBytes = 2 ** 31 - 1;

/** Slices of all files together. */
const maxSlicesInAll = 50_000;

/** @throws MedGemmaError as `readSeries` */
export async function readDicomSeries(paths: readonly string[], options: SeriesOptions): Promise<Series> {
  const { slices: most = defaultSlices, nameOf = (path: string): string => path } = options;
  const [first = ""] = paths;
  const name = paths.length === 1 ? nameOf(first) : `${nameOf(first)} with ${paths.length - 1} more`;
  const { found, leftOut: unread } = await readAllHeaders(paths, nameOf, options);
  if (found.length === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} holds no DICOM image${unread.length === 0 ? "" : `, only ${unread.map(describeLeftOut).join(", ")}`}. Name the folder of a series, or a NIfTI file.`);
  const chosen = chooseSeries(found, options.index, name);
  const arranged = arrange(chosen.slices);
  const indices = evenlySpaced(arranged.slices.length, most);
  const taken = indices.flatMap((index) => arranged.slices[index] ?? []);
  const pixels = taken.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  checkPixelsInAll(pixels, { name, pictures: `${taken.length} slices`, remedy: "Take fewer slices." });
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
    asked: askedOf(options),
    notes: describe(arranged, { taken, slices, leftOut, conversion })
  };
}

async function readAllHeaders(paths: readonly string[], nameOf: (path: string) => string, { signal, onProgress }: SeriesOptions): Promise<{ readonly found: readonly Slice[]; readonly leftOut: readonly LeftOut[] }> {
  const found: Slice[] = [];
  const others = { other: 0, empty: 0, damaged: 0 };
  const { files, missing, closedFolders } = await listFiles(paths, nameOf);
  for (const [index, file] of files.entries()) {
    if (signal?.aborted === true) throw abortedError("Reading the series", signal);
    const read = await readSlices(file);
    onProgress?.({ step: "headers", done: index + 1, of: files.length });
    if (typeof read === "string") others[read] += 1;
    else for (const slice of read) found.push(slice);
    if (found.length > maxSlicesInAll) throw new MedGemmaError("IMAGE_TOO_LARGE", `The files hold more than ${maxSlicesInAll} slices. Name the folder of one series.`);
  }
  const leftOut = [...counted(others.other, "no DICOM file"), ...counted(others.empty, "without pixels"), ...counted(others.damaged, "unreadable"), ...counted(missing, "listed in the DICOMDIR, but missing"), ...counted(closedFolders, closedFolders === 1 ? "folder that cannot be opened" : "folders that cannot be opened")];
  return { found, leftOut };
}

async function chooseConversion(volume: readonly Slice[], { window, recipe, nameOf, signal, onProgress }: SeriesOptions): Promise<Conversion> {
  const modality = volume[0]?.modality;
  if (window !== undefined) return byWindows();
  if (modality === "CT") return volume.every(({ isHounsfield }) => isHounsfield) ? byRecipe(recipe) : byWindows("CT without Hounsfield units: the window of the file");
  return modality === "MR" ? byRange(await rangeOfVolume(volume, { nameOf, signal, onProgress })) : byWindows();
}

/** Padding left out. */
async function rangeOfVolume(volume: readonly Slice[], options: Pick<SeriesOptions, "nameOf" | "signal" | "onProgress">): Promise<ValueRange> {
  const files = new FileReader(options);
  let [least, most] = [Infinity, -Infinity];
  for (const [index, slice] of volume.entries()) {
    const file = await files.open(slice);
    options.onProgress?.({ step: "range", done: index + 1, of: volume.length });
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
      const { width, height, rgb, notes, window } = await readDicomPicture(file.bytes, name, { window: options.window, frame });
      decoded.push({ source, width, height, rgb, notes, rendering: { frame, window, ranges: null } });
    } else {
      const pixels = await file.opened().readFrame(frame);
      decoded.push({ source, width: pixels.width, height: pixels.height, rgb: toRgb(pixels, channels), rendering: { frame, window: null, ranges: channels } });
    }
    options.onProgress?.({ step: "slices", done: decoded.length, of: taken.length });
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

/** The most important first. */
function describe({ slices: volume, order, gaps, medianSpacing }: Arranged, { taken, slices, leftOut, conversion }: Described): string[] {
  const largest = gaps.reduce((widest, gap) => (gap.mm > widest.mm ? gap : widest), gaps[0] ?? { after: 0, mm: 0 });
  return [
    ...describeTaken({ modality: taken[0]?.modality ?? null, slices, of: volume.length, conversion }),
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.map(describeLeftOut).join(", ")}`]),
    ...(order === "position" ? [] : [`no positions in the files: ordered by ${order}`]),
    ...(gaps.length === 0 ? [] : [`${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}, the widest ${rounded(largest.mm)} mm behind slice ${largest.after} of ${volume.length} (usual: ${rounded(medianSpacing ?? 0)} mm)`])
  ];
}

function rounded(mm: number): number {
  return Number(mm.toFixed(2));
}
