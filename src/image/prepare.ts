/**
 * An image source → the exact square picture that the model sees, and the squares of its crops: decode, pad (or stretch),
 * resize as Pillow does.
 */
import { createHash } from "node:crypto";
import { MedGemmaError } from "../errors.js";
import { loadAddon } from "../native/load-addon.js";
import { decodeImage } from "./decode.js";
import { notesOf } from "./notes.js";
import { panAndScan } from "./pan-and-scan.js";
import {
  imageFits,
  type CropImage,
  type DecodedImage,
  type DicomOptions,
  type ImageFit,
  type ImageRendering,
  type ImageSource,
  type PixelBox,
  type Square,
  type SquareImage
} from "./types.js";

/** Of decoding, padding and resizing; see ImagePreprocessing. */
const preprocessingVersion = 2;

const notRendered: ImageRendering = { frame: null, window: null, ranges: null };

/**
 * @param options.side Side of the square in pixels, 1 to 4096: the projector's image size (896 for MedGemma).
 * @param options.fit Default "pad".
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT, ADDON_MISSING
 */
export async function prepareImage(
  source: ImageSource,
  options: { readonly side: number; readonly fit?: ImageFit | undefined } & DicomOptions
): Promise<SquareImage> {
  const { side, fit = "pad", window, frame } = options;
  if (!Number.isInteger(side) || side < 1 || side > 4096) {
    throw new MedGemmaError("INVALID_ARGUMENT", `The side of the square must be 1 to 4096 pixels, but is ${side}.`);
  }
  if (!imageFits.includes(fit)) {
    throw new MedGemmaError("INVALID_ARGUMENT", `A picture is fitted by ${imageFits.join(" or ")}, but not by ${fit as string}.`);
  }
  const image = await decodeImage(source, { window, frame });
  // MedGemma saw whole pictures padded, and says where things are on the padded square; so it is with crops as well.
  const whole = await toSquare(image, side, fit === "stretch" ? "stretch" : "pad");
  const crops: CropImage[] = [];
  if (fit === "crops") for (const box of panAndScan(image.width, image.height)) crops.push({ ...(await toSquare(cutOut(image, box), side, "stretch")), box });
  return { ...whole, width: image.width, height: image.height, fit, preprocessing: { version: preprocessingVersion, fit, side, ...(image.rendering ?? notRendered) }, crops, ...notesOf(image) };
}

async function toSquare({ source, width, height, rgb }: DecodedImage, side: number, fit: "pad" | "stretch"): Promise<Square> {
  const square = await loadAddon().fitToSquare(rgb, width, height, side, fit);
  return { source, side, rgb: square, sha256: createHash("sha256").update(square).digest("hex") };
}

function cutOut(image: DecodedImage, { x, y, width, height }: PixelBox): DecodedImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    const start = ((y + row) * image.width + x) * 3;
    rgb.set(image.rgb.subarray(start, start + width * 3), row * width * 3);
  }
  return { source: image.source, width, height, rgb };
}
