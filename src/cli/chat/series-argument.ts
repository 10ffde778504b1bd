/** What stands behind /series: paths, and the options that `--series` has on a command line. */
import { imageOptions, type ImageOptions } from "../../image/image-options.js";
import { seriesChoices, type SeriesChoices } from "../../series/series-options.js";
import { readFlags } from "../flags.js";

const { window } = imageOptions;

/**
 * Options come last, so that a path may have blanks.
 *
 * @returns `paths` as typed
 * @throws UsageError for an option that there is not, or a value that cannot be
 */
export function parseSeriesArgument(argument: string): { readonly paths: string; readonly choices: SeriesChoices & Pick<ImageOptions, "window"> } {
  const start = /(?:^|\s)--[a-z]/.exec(argument)?.index ?? argument.length;
  return { paths: argument.slice(0, start).trim(), choices: readFlags({ ...seriesChoices, window }, argument.slice(start).trim(), "/series") };
}
