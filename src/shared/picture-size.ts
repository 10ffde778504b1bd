/** How large a picture may be. Declared sizes are checked before memory is taken for them. */
import { MedGemmaError } from "../errors.js";
import type { Remedy } from "../remedy.js";

/** 2^27 pixels, 403 MB as RGB: room for every camera and film scanner, none for decompression bombs. */
export const maxPixels = 2 ** 27;

/** Twice the longest edge of a JPEG; the resize needs memory for the long edge (native/image/resize.cpp). */
const maxEdge = 2 ** 17;

const exportHint = "Export a smaller picture of it.";

/** What is said, and can be done, where a picture is too large that may be a slide. */
export const slideHint = "Export a smaller picture of it; or, if it is a pathology slide, give it as one.";
export const slideRemedy: Remedy = { option: "slide" };

/** @throws MedGemmaError IMAGE_TOO_LARGE */
export function checkPictureSize(
  source: string,
  width: number,
  height: number,
  { mayBeSlide = false }: { readonly mayBeSlide?: boolean } = {}
): void {
  if (width * height <= maxPixels && Math.max(width, height) <= maxEdge) return;
  throw new MedGemmaError(
    "IMAGE_TOO_LARGE",
    `${source} says that it has ${width}×${height} pixels; the limit is ${maxPixels} in all and ${maxEdge} along an edge. ${mayBeSlide ? slideHint : exportHint}`,
    { remedy: mayBeSlide ? slideRemedy : null }
  );
}

/** Of all pictures of a series or slide together: 805 MB as RGB, some three times what 85 slices of 1024 × 1024, or 125 patches of MedGemma, need. */
const maxPixelsInAll = 2 ** 28;

/**
 * Before memory is taken for them.
 *
 * @param pictures "85 slices", "125 patches"
 * @param advice What to do, as a sentence.
 * @throws MedGemmaError IMAGE_TOO_LARGE
 */
export function checkPixelsInAll(
  pixels: number,
  {
    name,
    pictures,
    advice,
    remedy
  }: { readonly name: string; readonly pictures: string; readonly advice: string; readonly remedy: Remedy }
): void {
  if (pixels <= maxPixelsInAll) return;
  throw new MedGemmaError(
    "IMAGE_TOO_LARGE",
    `The ${pictures} of ${name} have ${pixels} pixels in all; the limit is ${maxPixelsInAll}. ${advice}`,
    { remedy }
  );
}
