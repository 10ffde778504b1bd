/** `--series` and what belongs to it, the same for every command that reads one. */
import { seriesChoices, type SeriesChoices } from "../../series/series-options.js";
import type { Series, SeriesProgress } from "../../series/types.js";
import { imageOptions, type ImageOptions } from "../../image/image-options.js";
import { pick } from "../../shared/option.js";
import { givenFlags, valuesOf } from "../options/flags.js";
import { standardStream } from "../options/options.js";
import { printNote, printWarning, UsageError } from "../terminal/output.js";
import type { Redaction } from "../terminal/redaction.js";
import type { StatusLine } from "../terminal/status-line.js";
import { refuseStrayOptions } from "../options/conflicts.js";

export interface SeriesArguments {
  readonly series?: readonly string[] | undefined;
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
  const { series: paths } = args;
  if (paths === undefined) {
    refuseStrayOptions(givenFlags(seriesChoices, args), "series");
    return null;
  }
  const read = await openSeries(paths, { ...valuesOf(seriesChoices, args), ...valuesOf(imageOptions, args) }, context);
  for (const note of read.notes) if (!read.warnings.includes(note)) printNote(`series: ${note}`);
  for (const warning of read.warnings) printWarning(`series: ${warning}.`);
  return read;
}

export async function openSeries(
  paths: readonly string[],
  choices: SeriesChoices & ImageOptions,
  { modelId, redaction, status, signal }: SeriesContext
): Promise<Series> {
  const { recipe, window, frame, fit } = choices;
  if (paths.includes(standardStream))
    throw new UsageError("--series reads nothing from stdin. Name a folder or files.");
  if (frame !== undefined)
    throw new UsageError("--frame is for single pictures: a series takes all frames. Leave it out.");
  if (fit === "crops") throw new UsageError("--fit crops is for single pictures, not for a series. Leave it out.");
  if (recipe !== undefined && window !== undefined)
    throw new UsageError("--recipe and --window exclude each other. Leave one out.");
  const onProgress = ({ step, done, of }: SeriesProgress): void => status?.show(`${stepNames[step]} ${done} of ${of}`);
  const { readSeries } = await import("../../series/read-series.js"); // see openModel
  return await readSeries(paths, {
    ...pick(seriesChoices, choices),
    window,
    model: modelId ?? undefined,
    nameOf: seriesNames(paths, redaction),
    onProgress,
    signal
  }).finally(() => status?.clear());
}

const stepNames: Readonly<Record<SeriesProgress["step"], string>> = {
  headers: "looking at file",
  range: "measuring slice",
  slices: "reading slice"
};

/** With `--redact` names of files in a folder are hidden too, the same name for the same file. */
function seriesNames(given: readonly string[], redaction: Redaction): (path: string) => string {
  if (!redaction.isOn) return (path) => path;
  const names = new Map<string, string>();
  return (path) => {
    const name =
      names.get(path) ?? (given.includes(path) ? `series ${given.indexOf(path) + 1}` : `file ${names.size + 1}`);
    names.set(path, name);
    return redaction.hide(path, name);
  };
}
