/** The DICOM files of a series → the slices that the model sees, in order; see read-series.ts. */
import { readFile, stat } from "node:fs/promises";
import { openDicom, readDicomPicture, unscaledCt, type DicomFile } from "../dicom/read-dicom.js";
import { abortedError, firstLine, MedGemmaError } from "../errors.js";
import { evenlySpaced } from "../shared/evenly-spaced.js";
import type { DecodedImage } from "../image/types.js";
import type { Remedy } from "../remedy.js";
import { checkPixelsInAll } from "../shared/picture-size.js";
import { arrange, type Arranged } from "./arrange.js";
import { chooseSeries, counted, describeLeftOut } from "./choose-series.js";
import { chooseVolume, type ChosenVolume } from "./choose-volume.js";
import { byRange, byRecipe, byWindows, type Conversion } from "./conversion.js";
import { describeAspects, describeTaken } from "./describe-taken.js";
import { groupBy } from "../shared/group-by.js";
import { listFiles } from "./list-files.js";
import { cutTile } from "./mosaic-tiles.js";
import { splitVolumes } from "./split-volumes.js";
import { askedOf, defaultSlices } from "./summary.js";
import { readSlices, type NoSlices } from "./read-headers.js";
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
  const { found, leftOut: unread, advice } = await readAllHeaders(paths, nameOf, options);
  if (found.length === 0)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has no DICOM image${unread.length === 0 ? "" : `, only ${unread.map(describeLeftOut).join(", ")}`}. ${advice.text}`,
      { remedy: advice.remedy }
    );
  // Told behind what is wrong with the files: left out, the next error would be that.
  if (options.modality !== undefined)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The modality ${options.modality} is given, but ${name} is not a NIfTI file, and DICOM files say it themselves. Leave it out.`,
      { remedy: { option: "modality" } }
    );
  const chosen = chooseSeries(found, { index: options.index, join: options.join, name });
  const { slices: single, leftOut: copies } = withoutCopies(chosen.slices);
  const volume = chooseVolume(splitVolumes(single, name), options.volume, name);
  const arranged = arrange(volume.slices);
  const indices = evenlySpaced(arranged.slices.length, most);
  const taken = indices.flatMap((index) => arranged.slices[index] ?? []);
  const pixels = taken.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  checkPixelsInAll(pixels, {
    name,
    pictures: `${taken.length} slices`,
    advice: "Take fewer slices.",
    remedy: { option: "slices" }
  });
  const conversion = await chooseConversion(arranged.slices, options);
  const { slices, warnings: ofSlices } = await decode(taken, conversion, options);
  const leftOut = [...unread, ...chosen.leftOut, ...copies, ...volume.leftOut, ...arranged.leftOut];
  const [head] = taken;
  const isUnscaled = conversion.recipe !== null && arranged.slices.some(({ isRescaled }) => !isRescaled);
  const warnings = [...(isUnscaled ? [unscaledCt] : []), ...ofSlices, ...describeOrder(arranged)];
  return {
    slices,
    modality: head?.modality ?? null,
    seriesNumber: head?.seriesNumber ?? null,
    volume: volume.number,
    volumes: volume.of,
    taken: taken.length,
    of: arranged.slices.length,
    numbers: indices.map((index) => index + 1),
    order: arranged.order,
    leftOut,
    gaps: arranged.gaps,
    recipe: conversion.recipe,
    windows: conversion.channels,
    source: paths.map(nameOf),
    asked: askedOf(options),
    notes: [...describe(arranged, { taken, slices, leftOut, conversion, volume }), ...warnings],
    warnings
  };
}

/** A file that is there twice, in two folders say. */
function withoutCopies(slices: readonly Slice[]): {
  readonly slices: readonly Slice[];
  readonly leftOut: readonly LeftOut[];
} {
  const kept = new Map<string, Slice>();
  for (const slice of slices) {
    const { sopInstanceUid, frame, tile, instanceNumber, geometry, facts, path } = slice;
    const key =
      sopInstanceUid === null
        ? `${path} ${frame}`
        : JSON.stringify([sopInstanceUid, frame, tile?.index, instanceNumber, geometry.imagePositionPatient, facts]);
    if (!kept.has(key)) kept.set(key, slice);
  }
  return { slices: [...kept.values()], leftOut: counted(slices.length - kept.size, "copy of another file") };
}

interface AllHeaders {
  readonly found: readonly Slice[];
  readonly leftOut: readonly LeftOut[];
  /** Where nothing was found: what to do, in a sentence. */
  readonly advice: Advice;
}

async function readAllHeaders(
  paths: readonly string[],
  nameOf: (path: string) => string,
  { signal, onProgress }: SeriesOptions
): Promise<AllHeaders> {
  const found: Slice[] = [];
  const others: NoSlices[] = [];
  const { files, missing, deadLinks, closedFolders } = await listFiles(paths, nameOf);
  for (const [index, file] of files.entries()) {
    if (signal?.aborted === true) throw abortedError("Reading the series", signal);
    const read = await readSlices(file);
    onProgress?.({ step: "headers", done: index + 1, of: files.length });
    if ("kind" in read) others.push(read);
    else for (const slice of read) found.push(slice);
    if (found.length > maxSlicesInAll)
      throw new MedGemmaError(
        "IMAGE_TOO_LARGE",
        `The files hold more than ${maxSlicesInAll} slices. Name the folder of one series.`
      );
  }
  const count = (kind: NoSlices["kind"]) => others.filter((other) => other.kind === kind).length;
  const leftOut = [
    ...counted(count("NIfTI"), count("NIfTI") === 1 ? "NIfTI file" : "NIfTI files"),
    ...counted(count("other"), count("other") === 1 ? "file that is not DICOM" : "files that are not DICOM"),
    ...groupsOf("empty", others).map(([what, all]) => ({
      count: all,
      why: `without pixels${what === null ? "" : ` (${what})`}`
    })),
    ...counted(count("tiles"), "of a slide in tiles"),
    ...counted(count("unreadable"), "unreadable"),
    ...counted(missing, "listed in the DICOMDIR, but missing"),
    ...counted(closedFolders, closedFolders === 1 ? "folder that cannot be opened" : "folders that cannot be opened"),
    ...counted(deadLinks, deadLinks === 1 ? "link that leads nowhere or back" : "links that lead nowhere or back")
  ];
  return { found, leftOut, advice: adviceFor(others) };
}

/** The commonest kinds first, three at most. */
function groupsOf(
  kind: NoSlices["kind"],
  others: readonly NoSlices[]
): (readonly [what: string | null, count: number])[] {
  const groups = [
    ...groupBy(
      others.filter((other) => other.kind === kind),
      ({ what }) => what
    )
  ].map(([what, all]) => [what, all.length] as const);
  return groups.length > 3
    ? [[null, groups.reduce((sum, [, count]) => sum + count, 0)]]
    : groups.sort(([, a], [, b]) => b - a);
}

interface Advice {
  readonly text: string;
  readonly remedy: Remedy | null;
}

function adviceFor(others: readonly NoSlices[]): Advice {
  const unreadable = others.find(({ kind }) => kind === "unreadable")?.what ?? null;
  if (others.some(({ kind }) => kind === "NIfTI"))
    return { text: "Name one of the NIfTI files, with its modality, CT or MR.", remedy: { option: "modality" } };
  if (others.some(({ kind }) => kind === "tiles")) return { text: "Give it as a slide.", remedy: { option: "slide" } };
  if (unreadable !== null) return { text: `The first: ${unreadable}.`, remedy: null };
  return { text: "Name the folder of a series, or a NIfTI file.", remedy: null };
}

async function chooseConversion(
  volume: readonly Slice[],
  { window, recipe, nameOf, signal, onProgress }: SeriesOptions
): Promise<Conversion> {
  const { modality, isColor } = volume[0] ?? {};
  if (window !== undefined || isColor === true) return byWindows();
  if (modality === "CT")
    return volume.every(({ isHounsfield }) => isHounsfield)
      ? byRecipe(recipe)
      : byWindows("CT without Hounsfield units: the window of the file");
  return modality === "MR" ? byRange(await rangeOfVolume(volume, { nameOf, signal, onProgress })) : byWindows();
}

/** Padding left out. */
async function rangeOfVolume(
  volume: readonly Slice[],
  options: Pick<SeriesOptions, "nameOf" | "signal" | "onProgress">
): Promise<ValueRange> {
  const files = new FileReader(options);
  let [least, most] = [Infinity, -Infinity];
  for (const [index, slice] of volume.entries()) {
    const file = await files.open(slice);
    options.onProgress?.({ step: "range", done: index + 1, of: volume.length });
    const [low, high] = await rangeOfSlice(file.opened(), slice);
    [least, most] = [Math.min(least, low), Math.max(most, high)];
  }
  return [least, most];
}

async function rangeOfSlice(file: DicomFile, slice: Slice): Promise<ValueRange> {
  const pixels = await file.readFrame(slice.frame);
  if (slice.tile === null) return pixels.range();
  let [least, most] = [Infinity, -Infinity];
  for (const value of cutTile(pixels.values, pixels.width, slice))
    [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}

async function decode(
  taken: readonly Slice[],
  { channels }: Conversion,
  options: SeriesOptions
): Promise<{ readonly slices: DecodedImage[]; readonly warnings: readonly string[] }> {
  const files = new FileReader(options);
  const decoded: DecodedImage[] = [];
  const warned: string[] = [];
  for (const slice of taken) {
    const { name, frame, frames, tile, columns: width, rows: height } = slice;
    const source = tile !== null ? `${name} (tile ${tile.index + 1})` : frames > 1 ? `${name} (frame ${frame})` : name;
    const file = await files.open(slice);
    if (channels === null) {
      const picture = await readDicomPicture(file.bytes, name, { window: options.window, frame });
      const { notes, warnings, window, pixelAspect } = picture;
      decoded.push({
        source,
        width,
        height,
        rgb: cutTile(picture.rgb, picture.width, slice, 3),
        notes,
        warnings,
        pixelAspect,
        rendering: { frame, window, ranges: null }
      });
      warned.push(...(tile === null ? warnings : []));
    } else {
      const pixels = await file.opened().readFrame(frame);
      const values = cutTile(pixels.values, pixels.width, slice);
      decoded.push({
        source,
        width,
        height,
        rgb: toRgb({ values, isInverted: pixels.isInverted }, channels),
        pixelAspect: pixels.pixelAspect,
        rendering: { frame, window: null, ranges: channels }
      });
      warned.push(...pixels.warnings);
    }
    options.onProgress?.({ step: "slices", done: decoded.length, of: taken.length });
  }
  const counts = [...groupBy(warned, (warning) => warning)].map(([warning, all]) =>
    all.length === taken.length ? warning : `${all.length} of ${taken.length} slices: ${warning}`
  );
  return {
    slices: decoded,
    warnings: counts.length > 3 ? [...counts.slice(0, 3), `and ${counts.length - 3} more of the kind`] : counts
  };
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
    if (size > maxFileBytes)
      throw new MedGemmaError(
        "IMAGE_TOO_LARGE",
        `${name} has ${size} bytes; the limit is ${maxFileBytes}. Export it as single slices.`
      );
    return await readFile(path);
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read: ${firstLine(error).replaceAll(path, name)}.`, {
      cause: error
    });
  }
}

interface Described {
  readonly taken: readonly Slice[];
  readonly slices: readonly DecodedImage[];
  readonly leftOut: readonly LeftOut[];
  readonly conversion: Conversion;
  readonly volume: ChosenVolume;
}

/** The most important first. */
function describe(
  { slices: all, gaps, medianSpacing }: Arranged,
  { taken, slices, leftOut, conversion, volume }: Described
): string[] {
  const largest = gaps.reduce((widest, gap) => (gap.mm > widest.mm ? gap : widest), gaps[0] ?? { after: 0, mm: 0 });
  return [
    ...describeTaken({ modality: taken[0]?.modality ?? null, slices, of: all.length, conversion }),
    ...(volume.isAsked
      ? [`volume ${volume.number} of ${volume.of}${volume.facts.length === 0 ? "" : ` (${volume.facts.join(", ")})`}`]
      : []),
    ...describeAspects(slices),
    ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.map(describeLeftOut).join(", ")}`]),
    ...(gaps.length === 0
      ? []
      : [
          `${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}, the widest ${rounded(largest.mm)} mm behind slice ${largest.after} of ${all.length} (usual: ${rounded(medianSpacing ?? 0)} mm)`
        ])
  ];
}

function describeOrder({ slices, order, without, shift }: Arranged): string[] {
  return [
    ...(without === null || slices.length === 1 ? [] : [`${without}: ordered by ${order}`]),
    ...(shift === null
      ? []
      : [`slices are shifted in their plane by up to ${rounded(shift)} mm: they may be of several fields of view`])
  ];
}

function rounded(mm: number): number {
  return Number(mm.toFixed(2));
}
