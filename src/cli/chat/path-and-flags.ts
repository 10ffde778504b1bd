/** What follows /series and /slide: paths, and the options that `--series` and `--slide` have on a command line. */
import type { OptionsOf, OptionTable } from "../../shared/option.js";
import { readFlags } from "../options/flags.js";

/**
 * Options come last, so that a path may have blanks.
 *
 * @returns `paths` as typed
 * @throws UsageError for an option that is not in the table, or a value that cannot be
 */
export function parsePathAndFlags<Table extends OptionTable>(
  table: Table,
  argument: string,
  command: string
): { readonly paths: string; readonly choices: OptionsOf<Table> } {
  const start = /(?:^|\s)--[a-z]/.exec(argument)?.index ?? argument.length;
  return { paths: argument.slice(0, start).trim(), choices: readFlags(table, argument.slice(start), command) };
}
