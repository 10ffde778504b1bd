/** What stands behind /series: paths, and the options that `--series` has on a command line. */
import { parseArgs } from "node:util";
import { firstLine } from "../../errors.js";
import { imageOptions } from "../options.js";
import { UsageError } from "../output.js";
import { seriesOptions, type SeriesArguments } from "../series.js";

type Choices = Pick<SeriesArguments, "slices" | "series-index" | "volume" | "join" | "recipe" | "modality" | "window">;

const choices = { slices: { type: "string" }, "series-index": { type: "string" }, volume: { type: "string" }, join: { type: "boolean" }, recipe: { type: "string" }, modality: { type: "string" }, window: { type: "string" } } as const;

/**
 * Options come last, so that a path may have blanks.
 *
 * @returns `paths` as typed
 * @throws UsageError for an option that there is not, or a value that cannot be
 */
export function parseSeriesArgument(argument: string): Choices & { readonly paths: string } {
  const start = /(?:^|\s)--[a-z]/.exec(argument)?.index ?? argument.length;
  const values = parse(argument.slice(start).trim());
  return {
    paths: argument.slice(0, start).trim(),
    slices: seriesOptions.slices.coerce(values.slices),
    "series-index": seriesOptions["series-index"].coerce(values["series-index"]),
    volume: seriesOptions.volume.coerce(values.volume),
    join: values.join,
    recipe: seriesOptions.recipe.coerce(values.recipe),
    modality: seriesOptions.modality.coerce(values.modality),
    window: values.window === undefined ? undefined : imageOptions.window.coerce(values.window)
  };
}

function parse(words: string) {
  try {
    return parseArgs({ args: words === "" ? [] : words.split(/\s+/), options: choices }).values;
  } catch (error) {
    throw new UsageError(`${firstLine(error)}. /series takes ${Object.keys(choices).map((name) => `--${name}`).join(", ")} behind the path.`, { cause: error });
  }
}
