/** An image source → the exact square picture that the model sees: decode, pad (or stretch), resize as Pillow does. */
import { createHash } from "node:crypto";
import { MedGemmaError } from "../errors.js";
import { loadAddon } from "../native/load-addon.js";
import { decodeImage } from "./decode.js";
import { imageFits, type ImageFit, type ImageSource, type SquareImage } from "./types.js";

/**
 * @param options.side Side of the square in pixels, 1 to 4096: the projector's image size (896 for MedGemma).
 * @param options.fit Default "pad".
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT, ADDON_MISSING
 */
export async function prepareImage(
  source: ImageSource,
  options: { readonly side: number; readonly fit?: ImageFit | undefined }
): Promise<SquareImage> {
  const { side, fit = "pad" } = options;
  if (!Number.isInteger(side) || side < 1 || side > 4096) {
    throw new MedGemmaError("INVALID_ARGUMENT", `The side of the square must be 1 to 4096 pixels, but is ${side}.`);
  }
  if (!imageFits.includes(fit)) {
    throw new MedGemmaError("INVALID_ARGUMENT", `A picture is fitted by ${imageFits.join(" or ")}, but not by ${fit as string}.`);
  }
  const image = await decodeImage(source);
  const addon = loadAddon();
  const rgb = await addon.fitToSquare(image.rgb, image.width, image.height, side, fit);
  const sha256 = createHash("sha256").update(rgb).digest("hex");
  return { source: image.source, width: image.width, height: image.height, side, rgb, sha256 };
}
