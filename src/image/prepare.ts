/**
 * An image source → the exact square picture that the model sees, and the squares of its crops: decode, pad (or stretch),
 * resize as Pillow does.
 */
import { createHash } from "node:crypto";
import { checkedLater, checkOptions, describe, flag } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { loadAddon } from "../native/load-addon.js";
import { checkImageSource } from "./check-source.js";
import { decodeImage } from "./decode.js";
import { notesOf, warningsOf } from "./notes.js";
import { checkSquare, isSquareImage } from "./prepared-square.js";
import { squareSize, withSquarePixels } from "./square-pixels.js";
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

const rules = { side: checkedLater, fit: checkedLater, aspect: flag, window: checkedLater, frame: checkedLater };

const notRendered: ImageRendering = { frame: null, window: null, ranges: null };

/**
 * @param options.side Side of the square in pixels, 1 to 4096: the projector's image size (896 for MedGemma).
 * @param options.fit Default "pad".
 * @param options.aspect Whether pixels that are not square are made square first. Default true.
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT, ADDON_MISSING
 */
export async function prepareImage(
  source: ImageSource,
  options: {
    readonly side: number;
    readonly fit?: ImageFit | undefined;
    readonly aspect?: boolean | undefined;
  } & DicomOptions
): Promise<SquareImage> {
  checkOptions("The options of prepareImage", options, rules);
  const { side, fit = "pad", aspect = true, window, frame } = options;
  if (!Number.isInteger(side) || side < 1 || side > 4096) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The side of the square must be 1 to 4096 pixels, but is ${describe(side)}.`
    );
  }
  if (!imageFits.includes(fit)) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `A picture is fitted by ${imageFits.join(" or ")}, but not by ${describe(fit)}.`
    );
  }
  checkImageSource(source);
  if (isSquareImage(source)) return checkSquare(source, side, options);
  const stored = await decodeImage(source, { window, frame });
  const pixelAspect = aspect ? (stored.pixelAspect ?? 1) : 1;
  const image = withSquarePixels({ ...stored, pixelAspect });
  // MedGemma saw whole pictures padded, and says where things are on the padded square; so it is with crops as well.
  const whole = await toSquare(image, side, fit === "stretch" ? "stretch" : "pad");
  const crops: CropImage[] = [];
  if (fit === "crops")
    for (const box of panAndScan(image.width, image.height))
      crops.push({
        ...(await toSquare(cutOut(image, box), side, "stretch")),
        box: storedBox(box, stored, pixelAspect)
      });
  const { width, height, rendering = notRendered } = stored;
  return {
    ...whole,
    width,
    height,
    fit,
    preprocessing: { version: preprocessingVersion, fit, side, aspect, pixelAspect, ...rendering },
    crops,
    ...notesOf({ notes: [...(stored.notes ?? []), ...describeShape(stored, pixelAspect)] }),
    ...warningsOf(stored)
  };
}

function describeShape({ pixelAspect: ofFile = 1 }: DecodedImage, pixelAspect: number): string[] {
  return ofFile === 1 ? [] : [pixelAspect === 1 ? "pixels shown as they are stored" : "pixels made square (bilinear)"];
}

/** A box on the picture with square pixels, in the pixels of the file: whole ones, or hundredths along the direction that was enlarged. */
function storedBox({ x, y, width, height }: PixelBox, stored: DecodedImage, pixelAspect: number): PixelBox {
  const size = squareSize(stored, pixelAspect);
  const [across, down] = [stored.width / size.width, stored.height / size.height];
  const hundredths = (pixels: number) => Math.round(pixels * 100) / 100;
  return {
    x: hundredths(x * across),
    y: hundredths(y * down),
    width: hundredths(width * across),
    height: hundredths(height * down)
  };
}

async function toSquare(
  { source, width, height, rgb }: DecodedImage,
  side: number,
  fit: "pad" | "stretch"
): Promise<Square> {
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
