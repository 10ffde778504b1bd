/** Which of many pictures are taken when there are more than the model sees. */
import { roundHalfEven } from "./round-half-even.js";

/**
 * Evenly spaced, as Google's notebook high_dimensional_ct does: `round(i / most · (count − 1))` for i = 1 … most. The last
 * one is always among them, the first only when all are taken.
 *
 * @param count How many there are, from 1.
 * @param most How many are wanted, from 1.
 * @returns indices from 0, rising; all of them when there are no more than wanted
 */
export function evenlySpaced(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_one, index) => index);
  return Array.from({ length: most }, (_one, index) => roundHalfEven(((index + 1) / most) * (count - 1)));
}
