/** Options that mean something beside another one only. */
import { UsageError } from "./output.js";

/**
 * @param given By the names of the options; undefined: left out.
 * @param source The option that they belong to: "series", "slide".
 * @throws UsageError for the first that was given
 */
export function refuseStrayOptions(given: Readonly<Record<string, unknown>>, source: string): void {
  const stray = Object.entries(given).find(([, value]) => value !== undefined);
  if (stray !== undefined) throw new UsageError(`--${stray[0]} belongs to a ${source}. Name one with --${source}.`);
}
