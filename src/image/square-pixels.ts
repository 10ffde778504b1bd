/**
 * Pixels that are not square → square ones, by enlarging along the coarser direction, so that nothing that was seen is lost.
 * Bilinear as in Pillow (Image.resize, BILINEAR), to the last bit: its filter is the one that pads and shrinks as well.
 */
import { MedGemmaError } from "../errors.js";
import { checkPictureSize } from "../shared/picture-size.js";
import type { DecodedImage } from "./types.js";

/** Pillow counts in fixed point: 32 bits, less 8 of a level and 2 for sums. */
const precision = 22;

/**
 * Size of a picture with square pixels.
 *
 * @param pixelAspect How high a pixel is by its width, above 0.
 */
export function squareSize(
  { width, height }: { readonly width: number; readonly height: number },
  pixelAspect: number
): { readonly width: number; readonly height: number } {
  return pixelAspect >= 1
    ? { width, height: Math.max(1, Math.round(height * pixelAspect)) }
    : { width: Math.max(1, Math.round(width / pixelAspect)), height };
}

/** The picture itself where its pixels are square. @throws MedGemmaError IMAGE_TOO_LARGE */
export function withSquarePixels(image: DecodedImage): DecodedImage {
  const { source, width, height, rgb, pixelAspect = 1 } = image;
  const size = squareSize(image, pixelAspect);
  if (size.width === width && size.height === height) return image;
  try {
    checkPictureSize(source, size.width, size.height);
  } catch (error) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${source} has ${width} × ${height} pixels that are not square; made square it has ${size.width} × ${size.height}, which is too large. Show it as it is stored, with aspect false.`,
      { cause: error, remedy: { option: "aspect" } }
    );
  }
  const enlarged =
    size.height > height
      ? enlarge(rgb, { lines: 1, length: height, step: width * 3, to: size.height })
      : enlarge(rgb, { lines: height, length: width, step: 3, to: size.width });
  return { ...image, ...size, rgb: enlarged };
}

/** Along one direction: `lines` runs of `length` elements of `step` bytes each. */
function enlarge(
  from: Uint8Array,
  {
    lines,
    length,
    step,
    to
  }: { readonly lines: number; readonly length: number; readonly step: number; readonly to: number }
): Uint8Array {
  const taps = tapsOf(length, to);
  const enlarged = new Uint8Array(lines * to * step);
  for (let line = 0; line < lines; line += 1) {
    for (const [index, [first, second, weight]] of taps.entries()) {
      const [a, b, target] = [
        (line * length + first) * step,
        (line * length + second) * step,
        (line * to + index) * step
      ];
      const other = 2 ** precision - weight;
      // Products of 8 and 22 bits are exact as doubles.
      for (let byte = 0; byte < step; byte += 1)
        enlarged[target + byte] = Math.floor(
          ((from[a + byte] ?? 0) * weight + (from[b + byte] ?? 0) * other + 2 ** (precision - 1)) / 2 ** precision
        );
    }
  }
  return enlarged;
}

/** For each element of the result: its two neighbours, and the weight of the first in units of 2^-22. At an edge both are the same. */
function tapsOf(length: number, to: number): (readonly [first: number, second: number, weight: number])[] {
  return Array.from({ length: to }, (_one, index) => {
    const center = ((index + 0.5) * length) / to - 0.5;
    const first = Math.floor(center);
    const weight = Math.round((1 - (center - first)) * 2 ** precision);
    return [Math.max(0, first), Math.min(length - 1, first + 1), weight] as const;
  });
}
