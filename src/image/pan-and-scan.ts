/** Pan and scan: which parts of a long picture Gemma 3's processor shows besides the whole (transformers, image_processing_gemma3.py). */
import type { PixelBox } from "./types.js";

// The processor's own values: Gemma3Processor.images_kwargs in transformers.
/** Shortest edge of a crop in pixels: below it there are none. */
const minCropSize = 256;
const maxCrops = 4;
/** Long edge by short edge: pictures that are nearer to a square have no crops. */
const minRatio = 1.2;

/**
 * Bands across the long edge, in order, that cover every pixel once. All are equally long but the last, which may be shorter.
 *
 * @param width In pixels, from 1, as the height.
 * @returns 2 to 4 crops, or none.
 */
export function panAndScan(width: number, height: number): PixelBox[] {
  const long = Math.max(width, height);
  const short = Math.min(width, height);
  if (long / short < minRatio) return [];
  const nearestRatio = Math.floor(long / short + 0.5); // Python's int(x + 0.5): halves go up
  const count = Math.min(maxCrops, Math.max(2, Math.min(Math.floor(long / minCropSize), nearestRatio)));
  const length = Math.ceil(long / count);
  if (Math.min(length, short) < minCropSize) return [];
  return Array.from({ length: count }, (_, index) => {
    const start = index * length;
    const extent = Math.min(length, long - start);
    return width >= height ? { x: start, y: 0, width: extent, height } : { x: 0, y: start, width, height: extent };
  });
}
