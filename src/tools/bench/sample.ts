/** One quantity, measured several times. */

export interface Sample {
  readonly median: number;
  /** In the order of the rounds. */
  readonly values: readonly number[];
}

/** @param values At least one. */
export function sampleOf(values: readonly number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return { median: ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2, values };
}
