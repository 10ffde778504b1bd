/** All that the model sees of a slide, in order: the overview first. */
import type { DecodedImage } from "../image/types.js";
import type { Slide } from "./types.js";

export function imagesOfSlide({ overview, patches }: Slide): DecodedImage[] {
  return [...(overview === null ? [] : [overview]), ...patches];
}
