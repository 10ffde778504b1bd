import { MedGemmaError } from "../errors.js";

/** Of all pictures together: 805 MB as RGB, three times what 85 slices of 1024 × 1024 need. */
const maxPixelsInAll = 2 ** 28;

/** Before memory is taken for them. @throws MedGemmaError IMAGE_TOO_LARGE */
export function checkPixelsInAll(slices: number, pixels: number, name: string): void {
  if (pixels <= maxPixelsInAll) return;
  throw new MedGemmaError("IMAGE_TOO_LARGE", `The ${slices} slices of ${name} have ${pixels} pixels in all; the limit is ${maxPixelsInAll}. Take fewer slices.`);
}
