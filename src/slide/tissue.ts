/** Which patches hold tissue. */
import { roundHalfEven } from "../shared/round-half-even.js";

/**
 * Mean luminance, of 0 to 255, from which to which a patch is tissue: all but pure black and what is brighter than 0.8 of
 * white. From EZ-WSI DICOMweb, patch_generator.py (`max_luminance`), by which Google's notebook high_dimensional_pathology
 * finds its patches.
 */
const [darkest, brightest] = [1, 204];

export function isTissue(meanLuminance: number): boolean {
  return meanLuminance >= darkest && meanLuminance <= brightest;
}

/**
 * ITU-R 601 as Pillow and OpenCV compute it, each pixel rounded; the mean rounded, too.
 *
 * @param rgb Row-major, `stride * 3` bytes a row.
 * @returns 0 to 255
 */
export function meanLuminance(
  rgb: Uint8Array,
  stride: number,
  { left, width, height }: { readonly left: number; readonly width: number; readonly height: number }
): number {
  let sum = 0;
  for (let row = 0; row < height; row += 1) {
    const start = (row * stride + left) * 3;
    for (let at = start; at < start + width * 3; at += 3) {
      sum += ((rgb[at] ?? 0) * 19_595 + (rgb[at + 1] ?? 0) * 38_470 + (rgb[at + 2] ?? 0) * 7471 + 0x8000) >> 16;
    }
  }
  return roundHalfEven(sum / (width * height));
}
