/** What of a command line cannot go together. */
import { realpathSync } from "node:fs";
import { UsageError } from "../terminal/output.js";

/** A command is about images, one series, or one slide. @throws UsageError when it names more than one of them */
export function checkSources({
  images,
  series,
  slide
}: {
  readonly images: readonly string[];
  readonly series: readonly string[] | undefined;
  readonly slide?: string | undefined;
}): void {
  const named = [
    ...(images.length > 0 ? ["images"] : []),
    ...(series === undefined ? [] : ["--series"]),
    ...(slide === undefined ? [] : ["--slide"])
  ];
  if (named.length > 1)
    throw new UsageError(
      `${named.join(" and ")} cannot be combined: a question is about one of them. Leave ${named.length === 2 ? "one" : "two"} out.`
    );
}

/**
 * Options that mean something beside another one only.
 *
 * @param given Flags.
 * @param source The option that they belong to: "series", "slide".
 * @throws UsageError for the first
 */
export function refuseStrayOptions([stray]: readonly string[], source: string): void {
  if (stray !== undefined) throw new UsageError(`--${stray} belongs to a ${source}. Name one with --${source}.`);
}

/** An output that names an input would destroy the original picture. @throws UsageError */
export function refuseToOverwrite(inputs: readonly string[], output: string, option = "--output"): void {
  const target = resolved(output);
  if (target === null) return;
  const hit = inputs.find((input) => resolved(input) === target);
  if (hit !== undefined) throw new UsageError(`${option} ${output} is the input image itself. Choose another name.`);
}

function resolved(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
