/** Which slices of a long series are taken. */
import { roundHalfEven } from "./round-half-even.js";

/** Google's notebook high_dimensional_ct takes 85 at most. */
export const defaultSlices = 85;

/**
 * Evenly spaced, as that notebook does: `round(i / most · (count − 1))` for i = 1 … most. The last slice is always among
 * them, the first only when all are taken.
 *
 * @param count Slices that there are, from 1.
 * @param most Slices that are wanted, from 1.
 * @returns indices from 0, rising; all of them when there are no more than wanted
 */
export function evenlySpaced(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_one, index) => index);
  return Array.from({ length: most }, (_one, index) => roundHalfEven(((index + 1) / most) * (count - 1)));
}
