/** How high a pixel of a slide is by its width, from its size in micrometres. */
import type { ScannedAt } from "./scanned-at.js";

/** Less is rounding, as in DICOM files. */
const sameRatio = 0.01;

/** @returns 1 also where the file does not tell */
export function pixelAspectOf(scanned: ScannedAt | null): number {
  const ratio = scanned?.micrometres == null ? 1 : scanned.micrometres.y / scanned.micrometres.x;
  return Math.abs(ratio - 1) < sameRatio || Math.abs(1 / ratio - 1) < sameRatio ? 1 : ratio;
}
