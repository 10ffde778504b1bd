/**
 * The files of a CT or MR series → the slices that the model sees, in order. Of DICOM, from the files up:
 *
 *     list-files → read-headers                 what there is, without pixels
 *     choose-series → arrange → evenly-spaced   one series, in order, and which of its slices
 *     dicom-series                              pixels, last, one file at a time, and only of what is taken; for MR of every
 *                                               slice, as the range of the whole volume counts
 *
 * A NIfTI file is a volume in order already (nifti-series, on src/nifti). Both end in the same way: evenly-spaced, then conversion
 * (recipes → to-levels, round-half-even), values → 8-bit RGB as in Google's notebook.
 */
import {
  abortSignal,
  callback,
  checkArgument,
  checkedLater,
  checkOptions,
  eitherOf,
  listOf,
  name,
  text,
  type RulesOf
} from "../shared/check-arguments.js";
import { rulesOf } from "../shared/option.js";
import { seriesChoices } from "./series-options.js";
import { checkWindowChoice } from "../dicom/window-choice.js";
import { MedGemmaError } from "../errors.js";
import { isNiftiFile } from "../nifti/read-nifti.js";
import { readDicomSeries } from "./dicom-series.js";
import { readNiftiSeries } from "./nifti-series.js";
import { recipeForModel, type RecipeName } from "./recipes.js";
import type { Series, SeriesOptions } from "./types.js";

/**
 * CT in Hounsfield units becomes coloured by a recipe of three windows, MR gray from the least to the greatest value of the
 * volume, all else gray by the window of the file.
 *
 * @param source A folder, with folders in it, a DICOMDIR, a file with several frames, or the files of a series, in any order;
 *   or one NIfTI file.
 * @throws MedGemmaError IMAGE_NOT_FOUND; IMAGE_UNREADABLE; IMAGE_TOO_LARGE; INVALID_ARGUMENT, also when there are several
 *   series and `index` chooses none; ABORTED
 */
export async function readSeries(source: string | readonly string[], options: SeriesOptions = {}): Promise<Series> {
  checkArgument("The source of a series", source, eitherOf("a folder or file, or a list of files", name, listOf(name)));
  checkOptions("The options of readSeries", options, rules);
  checkChoices(options);
  const chosen = { ...options, recipe: recipeOf(options) };
  const { nameOf = (path: string): string => path } = options;
  const paths = typeof source === "string" ? [source] : source;
  const [first] = paths;
  if (first === undefined)
    throw new MedGemmaError("INVALID_ARGUMENT", "A series needs a folder or files, but none is given.");
  if (paths.length === 1 && (await isNiftiFile(first))) return await readNiftiSeries(first, nameOf(first), chosen);
  return await readDicomSeries(paths, chosen);
}

const rules: RulesOf<SeriesOptions> = {
  ...rulesOf(seriesChoices),
  model: text,
  window: checkedLater,
  nameOf: callback,
  onProgress: callback,
  signal: abortSignal
};

function recipeOf({ recipe, window, model }: SeriesOptions): RecipeName | undefined {
  return recipe ?? (window === undefined && model !== undefined ? recipeForModel(model) : undefined);
}

function checkChoices({ recipe, window }: SeriesOptions): void {
  if (recipe !== undefined && window !== undefined)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "A series is shown by a recipe or by a window, but not by both. Leave one out.",
      { remedy: { option: "window", also: ["recipe"] } }
    );
  checkWindowChoice(window);
}
