/** One NIfTI file → the slices that the model sees. The file has no modality and no numbers of slices: the one is asked for, the other laid down. */
import { setImmediate } from "node:timers/promises";
import { chooseVoi, grayToRgb, shownWindow } from "../dicom/voi.js";
import { isPreset } from "../dicom/window-choice.js";
import { abortedError, MedGemmaError } from "../errors.js";
import { evenlySpaced } from "../shared/evenly-spaced.js";
import type { DecodedImage } from "../image/types.js";
import { openNifti, type NiftiFile, type NiftiVolume, type Plane } from "../nifti/read-nifti.js";
import { checkPixelsInAll } from "../shared/picture-size.js";
import { counted, describeLeftOut } from "./choose-series.js";
import { byRange, byRecipe, byWindows, type Conversion } from "./conversion.js";
import { describeAspects, describeTaken } from "./describe-taken.js";
import type { ValueRange } from "./recipes.js";
import { askedOf, defaultSlices } from "./summary.js";
import { toRgb } from "./to-levels.js";
import type { Series, SeriesOptions } from "./types.js";

/** Google's notebook begins where Instance Numbers do; for most CT that is the head, and so it is laid down here. */
const directions: Readonly<Record<Plane, string>> = {
  axial: "from head to foot, the patient's right on the left",
  coronal: "from anterior to posterior, the patient's right on the left",
  sagittal: "from right to left, anterior on the left"
};

/** @throws MedGemmaError IMAGE_UNREADABLE; IMAGE_TOO_LARGE; INVALID_ARGUMENT, also for several volumes of which `index` chooses none; ABORTED */
export async function readNiftiSeries(path: string, name: string, options: SeriesOptions): Promise<Series> {
  const { slices: most = defaultSlices, modality, window, signal } = options;
  const file = await openNifti(path, name);
  const number = chooseVolume(file, options, name);
  if (modality === undefined && (window === undefined || isPreset(window))) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} is a NIfTI volume, and these do not say whether they are CT or MR. Say which with the option modality, or how it is shown with a window C/W.`,
      { remedy: { option: "modality", also: ["window"] } }
    );
  }
  const indices = evenlySpaced(file.slices, most);
  checkPixelsInAll(indices.length * file.width * file.height, {
    name,
    pictures: `${indices.length} slices`,
    advice: "Take fewer slices.",
    remedy: { option: "slices" }
  });
  const volume = await file.readVolume(number, signal);
  const conversion =
    window !== undefined
      ? byWindows()
      : modality === "CT"
        ? byRecipe(options.recipe)
        : byRange(await rangeOfVolume(file, volume, signal));
  const pixelAspect = aspectOf(file);
  const slices: DecodedImage[] = [];
  for (const slice of indices) {
    await yieldTo(signal);
    slices.push({
      source: `${name} (slice ${slice + 1})`,
      width: file.width,
      height: file.height,
      pixelAspect,
      ...toPicture(volume.readSlice(slice), slice + 1, name, conversion, options)
    });
    options.onProgress?.({ step: "slices", done: slices.length, of: indices.length });
  }
  const warnings = file.isOrientationKnown
    ? []
    : ["the file does not say how it lies in the patient: right and left may be swapped, or the plane another"];
  const leftOut = counted(file.volumes - 1, file.volumes === 2 ? "other volume" : "other volumes");
  return {
    slices,
    modality: modality ?? null,
    seriesNumber: null,
    volume: number,
    volumes: file.volumes,
    taken: slices.length,
    of: file.slices,
    numbers: indices.map((slice) => slice + 1),
    order: "position",
    leftOut,
    gaps: [],
    recipe: conversion.recipe,
    windows: conversion.channels,
    source: [name],
    asked: askedOf(options),
    notes: [
      ...describeTaken({ modality: modality ?? null, slices, of: file.slices, conversion }),
      `${file.plane.plane} slices, ${directions[file.plane.plane]}`,
      ...(leftOut.length === 0 ? [] : [`left out: ${leftOut.map(describeLeftOut).join(", ")}`]),
      ...warnings,
      ...describeAspects(slices)
    ],
    warnings
  };
}

/** A NIfTI file is one series, so that `index` is taken for the volume too. */
function chooseVolume({ volumes, slices }: NiftiFile, { volume, index }: SeriesOptions, name: string): number {
  const asked = volume ?? index;
  if (asked === undefined ? volumes === 1 : asked <= volumes) return asked ?? 1;
  const what = asked === undefined ? "Choose one with the option volume" : `There is no volume ${asked}`;
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `${name} holds ${volumes === 1 ? "1 volume" : `${volumes} volumes`} of ${slices === 1 ? "1 slice" : `${slices} slices`}. ${what}.`,
    { remedy: { option: "volume" } }
  );
}

function toPicture(
  values: Float64Array,
  frame: number,
  name: string,
  { channels }: Conversion,
  { window, modality }: SeriesOptions
): Pick<DecodedImage, "rgb" | "notes" | "rendering"> {
  const gray = { values, isInverted: false };
  if (channels !== null) return { rgb: toRgb(gray, channels), rendering: { frame, window: null, ranges: channels } };
  const voi = chooseVoi(
    window,
    { transforms: [], warnings: [] },
    { name, isHounsfield: modality === "CT", range: () => orZero(rangeOf(values)) }
  );
  return {
    rgb: grayToRgb(gray, voi.toGray),
    notes: [voi.description],
    rendering: { frame, window: shownWindow(window, voi), ranges: null }
  };
}

async function rangeOfVolume(
  file: NiftiFile,
  volume: NiftiVolume,
  signal: AbortSignal | undefined
): Promise<ValueRange> {
  let [least, most] = [Infinity, -Infinity];
  for (let slice = 0; slice < file.slices; slice += 1) {
    await yieldTo(signal);
    const [low, high] = rangeOf(volume.readSlice(slice));
    [least, most] = [Math.min(least, low), Math.max(most, high)];
  }
  return orZero([least, most]);
}

/** Programs write NaN where there is no picture; it is shown black. Neither it nor an infinite value counts. */
function rangeOf(values: Float64Array): ValueRange {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function orZero([least, most]: ValueRange): ValueRange {
  return least > most ? [0, 0] : [least, most];
}

/** A volume is in memory at once, and would keep the process busy for seconds. */
async function yieldTo(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted === true) throw abortedError("Reading the series", signal);
}

/** Less than 1 in 100 is rounding, as of DICOM files. */
function aspectOf({ plane: { columns, rows } }: NiftiFile): number {
  const ratio = rows.spacing / columns.spacing;
  return Math.abs(ratio - 1) < 0.01 ? 1 : ratio;
}
