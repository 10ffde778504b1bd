/** `--series` and what belongs to it, the same for every command that reads one. */
import { readSeries } from "../series/read-series.js";
import { modalities, type Modality, type Series, type SeriesProgress } from "../series/types.js";
import { recipeForModel, recipeNames, type RecipeName } from "../series/recipes.js";
import type { WindowChoice } from "../dicom/window-choice.js";
import type { ImageFit } from "../image/types.js";
import { choice, flag, inGroup, standardStream, wholeNumber } from "./options.js";
import { printNote, printWarning, UsageError } from "./output.js";
import type { Redaction } from "./redaction.js";
import type { StatusLine } from "./status-line.js";
import { refuseStrayOptions } from "./stray-options.js";

export const seriesOptions = inGroup("Series:", {
  series: {
    type: "string",
    requiresArg: true,
    // Not yargs' arrays, which would swallow the question behind it.
    coerce: (given: string | string[]) => [given].flat(),
    describe: "CT or MR series: a folder, a DICOMDIR, DICOM files (repeat it), or one NIfTI file"
  },
  slices: wholeNumber("slices", { least: 1, describe: "Largest number of slices, evenly spaced  [default: 85]" }),
  "series-index": wholeNumber("series-index", { least: 1, describe: "Which series, if there are several; the error lists them" }),
  volume: wholeNumber("volume", { least: 1, describe: "Which volume, if a series or NIfTI file has several; the error lists them" }),
  join: flag({ describe: "Treat all files of a study and modality as one series, for scanners that give each slice its own" }),
  recipe: choice("recipe", recipeNames, { describe: "Windows for CT as MedGemma 1 (v1) or 1.5 was trained on  [default: by the model]" }),
  modality: choice("modality", modalities, { describe: "Modality of a NIfTI file; DICOM files contain it" })
});

export interface SeriesArguments {
  readonly series?: readonly string[] | undefined;
  readonly slices?: number | undefined;
  readonly "series-index"?: number | undefined;
  readonly volume?: number | undefined;
  readonly join?: boolean | undefined;
  readonly recipe?: RecipeName | undefined;
  readonly modality?: Modality | undefined;
  readonly window?: WindowChoice | undefined;
  readonly frame?: number | undefined;
  readonly fit?: ImageFit | undefined;
}

export interface SeriesContext {
  /** Of the model that will see the slices; null when none is known. */
  readonly modelId: string | null;
  readonly redaction: Redaction;
  readonly status?: StatusLine | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tells a person what was taken.
 *
 * @returns null without `--series`
 */
export async function readSeriesOf(args: SeriesArguments, context: SeriesContext): Promise<Series | null> {
  const { series: paths, slices, "series-index": index, volume, join, recipe, modality } = args;
  if (paths === undefined) {
    refuseStrayOptions({ slices, "series-index": index, volume, join, recipe, modality }, "series");
    return null;
  }
  const read = await openSeries(paths, args, context);
  for (const note of read.notes) if (!read.warnings.includes(note)) printNote(`series: ${note}`);
  for (const warning of read.warnings) printWarning(`series: ${warning}.`);
  return read;
}

/** @param args Without `series`. */
export async function openSeries(paths: readonly string[], args: SeriesArguments, { modelId, redaction, status, signal }: SeriesContext): Promise<Series> {
  const { slices, "series-index": index, volume, join, recipe, modality, window, frame, fit } = args;
  if (paths.includes(standardStream)) throw new UsageError("--series reads nothing from stdin. Name a folder or files.");
  if (frame !== undefined) throw new UsageError("--frame is for single pictures: a series takes all frames. Leave it out.");
  if (fit === "crops") throw new UsageError("--fit crops is for single pictures, not for a series. Leave it out.");
  if (recipe !== undefined && window !== undefined) throw new UsageError("--recipe and --window exclude each other. Leave one out.");
  const onProgress = ({ step, done, of }: SeriesProgress): void => status?.show(`${stepNames[step]} ${done} of ${of}`);
  const byModel = modelId === null || window !== undefined ? undefined : recipeForModel(modelId);
  return await readSeries(paths, { slices, index, volume, join, window, modality, recipe: recipe ?? byModel, nameOf: seriesNames(paths, redaction), onProgress, signal }).finally(() => status?.clear());
}

const stepNames: Readonly<Record<SeriesProgress["step"], string>> = { headers: "looking at file", range: "measuring slice", slices: "reading slice" };

/** With `--redact` names of files in a folder are hidden too, the same name for the same file. */
function seriesNames(given: readonly string[], redaction: Redaction): (path: string) => string {
  if (!redaction.isOn) return (path) => path;
  const names = new Map<string, string>();
  return (path) => {
    const name = names.get(path) ?? (given.includes(path) ? `series ${given.indexOf(path) + 1}` : `file ${names.size + 1}`);
    names.set(path, name);
    return redaction.hide(path, name);
  };
}
