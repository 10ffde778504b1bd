/** What a command is about: images, one series, or one slide. */
import { UsageError } from "./output.js";

/** @throws UsageError when it names more than one of them */
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
