/** Values of a slice → 8-bit RGB, to the last bit as Google's notebook computes them with NumPy. */
import type { GrayValues } from "../dicom/voi.js";
import type { ValueRange } from "./recipes.js";
import { roundHalfEven } from "../shared/round-half-even.js";

const { fround } = Math;

/**
 * Clipped to the range; then in 32-bit floats, each step rounded to one: minus the least, divided by the width, times 255;
 * then to the next whole number, halves to the even one (`np.round`).
 *
 * @returns 0 to 255; 0 for a range without width; NaN, which bytes keep as 0, for NaN
 */
export function toLevel(value: number, [least, most]: ValueRange): number {
  if (most <= least) return 0;
  const clipped = fround(Math.min(most, Math.max(least, value)));
  const share = fround(fround(clipped - fround(least)) / fround(most - least));
  return roundHalfEven(fround(share * 255));
}

/**
 * @param channels The ranges of red, green and blue.
 * @returns row-major, `width * height * 3` bytes
 */
export function toRgb(
  { values, isInverted }: GrayValues,
  channels: readonly [ValueRange, ValueRange, ValueRange]
): Uint8Array {
  const rgb = new Uint8Array(values.length * 3);
  channels.forEach((range, channel) => {
    for (let index = 0; index < values.length; index += 1) {
      const level = toLevel(values[index] ?? 0, range);
      rgb[3 * index + channel] = isInverted ? 255 - level : level;
    }
  });
  return rgb;
}
