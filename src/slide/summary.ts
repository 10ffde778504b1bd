/** What is told of a slide, in answers, records and JSON: all but the pixels. */
import type { SlideSummary } from "./types.js";

/** @param slide May be a `Slide`: its patches and overview are left out. */
export function summaryOfSlide(slide: SlideSummary): SlideSummary {
  const {
    source,
    asked,
    taken,
    of,
    grid,
    numbers,
    positions,
    side,
    width,
    height,
    levels,
    level,
    shrunkBy,
    pixelAspect,
    magnification,
    scannedAt,
    magnificationFrom,
    micrometresPerPixel,
    notes
  } = slide;
  return {
    source,
    asked,
    taken,
    of,
    grid,
    numbers,
    positions,
    side,
    width,
    height,
    levels,
    level,
    shrunkBy,
    pixelAspect,
    magnification,
    scannedAt,
    magnificationFrom,
    micrometresPerPixel,
    notes
  };
}
