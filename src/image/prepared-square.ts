/** A square that was prepared before, given as an image: it is checked, and stays as it is. */
import { createHash } from "node:crypto";
import { describe, refuseUnreadable } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import type { ImageOptions } from "./image-options.js";
import type { ImageSource, Square, SquareImage } from "./types.js";

export function isSquareImage(source: ImageSource): source is SquareImage {
  return (
    typeof source === "object" &&
    (source as unknown) !== null &&
    "rgb" in source &&
    "side" in source &&
    "crops" in source
  );
}

/**
 * The tokens of a picture are found by the hash of its pixels, so a hash that is not theirs would show another picture.
 *
 * @param side What the tower sees.
 * @throws MedGemmaError INVALID_ARGUMENT
 */
export function checkSquare(image: SquareImage, side: number, options: ImageOptions): SquareImage {
  refuseUnreadable("A square", () => checkParts(image, side, options));
  return image;
}

function checkParts(image: SquareImage, side: number, { fit, window, frame }: ImageOptions): void {
  const { source } = image;
  const crops: unknown = image.crops;
  const fail = (why: string): never => {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The square of ${typeof source === "string" ? source : describe(source)} ${why}.`
    );
  };
  if (!Array.isArray(crops)) fail(`needs a list of crops, but has ${describe(crops)}`);
  for (const square of [image, ...(crops as readonly Square[])]) {
    if (square.side !== side)
      fail(`was made for ${describe(square.side)} pixels, but this model sees ${side} × ${side}`);
    if (!(square.rgb instanceof Uint8Array) || square.rgb.byteLength !== side * side * 3)
      fail(`must have ${side * side * 3} bytes of RGB`);
    if (createHash("sha256").update(square.rgb).digest("hex") !== square.sha256)
      fail("has other pixels than its sha256 says. Prepare the image again");
  }
  const isOther = fit !== undefined && fit !== image.fit;
  if (isOther || window !== undefined || frame !== undefined)
    fail("is made already, so fit, window and frame change nothing. Leave them out, or give the image itself");
}
