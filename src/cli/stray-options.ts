/** Options that mean something beside another one only. */
import { UsageError } from "./output.js";

/**
 * @param given Flags.
 * @param source The option that they belong to: "series", "slide".
 * @throws UsageError for the first
 */
export function refuseStrayOptions([stray]: readonly string[], source: string): void {
  if (stray !== undefined) throw new UsageError(`--${stray} belongs to a ${source}. Name one with --${source}.`);
}
