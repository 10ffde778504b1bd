/** Where the images of a prompt without the template stand. */
import { MedGemmaError } from "../errors.js";
import type { PromptPart } from "./types.js";

/** How Google's processor and the card of the pre-trained model write the place of an image. */
const imageMark = "<start_of_image>";

/**
 * Texts and images in the order of the marks; without marks, as they are given.
 *
 * @throws MedGemmaError INVALID_ARGUMENT when there are not as many images as marks
 */
export function placeImages(parts: readonly PromptPart[]): readonly PromptPart[] {
  const images = parts.filter((part) => typeof part !== "string");
  const texts = parts.filter((part) => typeof part === "string").map((text) => text.split(imageMark));
  const places = texts.reduce((sum, pieces) => sum + pieces.length - 1, 0);
  if (places === 0) return parts;
  if (places !== images.length) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The prompt has ${places === 1 ? "1 place" : `${places} places`} for an image (${imageMark}), but ${images.length === 1 ? "1 image is" : `${images.length} images are`} given.`
    );
  }
  const placed: PromptPart[] = [];
  let next = 0;
  for (const pieces of texts) {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) placed.push(...images.slice(next, (next += 1)));
      if (piece !== "") placed.push(piece);
    }
  }
  return placed;
}
