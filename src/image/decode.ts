/**
 * An image source → 8-bit RGB pixels, by sharp (libvips). Does not pad or resize.
 *
 * What happens to unusual files (also in docs/images.md): EXIF rotation is applied; transparency is put on black, as the
 * padding is; 16-bit samples keep their high byte; gray becomes R=G=B; CMYK is converted by its profile; of an animation
 * or a multi-page file the first picture is taken; colour profiles of RGB and gray files are ignored, because the
 * reference (Pillow) ignores them and the model was trained on such pixels.
 */
import sharp from "sharp";
import { MedGemmaError } from "../errors.js";
import { readSource, type ImageFile } from "./read-source.js";
import type { DecodedImage, ImageSource } from "./types.js";

/** 2^27 pixels, 403 MB as RGB: room for every camera and film scanner, none for decompression bombs. */
const maxPixels = 2 ** 27;

/** Twice the longest edge of a JPEG; the resize needs memory for the long edge (native/image/resize.cpp). */
const maxEdge = 2 ** 17;

const formats: ReadonlySet<string> = new Set(["png", "jpeg", "webp", "tiff", "gif", "heif", "avif"]);

/** @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT */
export async function decodeImage(source: ImageSource): Promise<DecodedImage> {
  if (isDecoded(source)) return checkDecoded(source);
  return await decodeFile(await readSource(source));
}

/** As `decodeImage`, but reads no more than the header: quick, and finds all but damage further on. Throws the same errors. */
export async function checkImage(source: ImageSource): Promise<void> {
  if (isDecoded(source)) {
    checkDecoded(source);
    return;
  }
  const { name, bytes } = await readSource(source);
  checkNotEmpty(bytes, name);
  try {
    await isCmyk(bytes, name);
  } catch (error) {
    throw asImageError(error, name);
  }
}

async function decodeFile({ name, bytes }: ImageFile): Promise<DecodedImage> {
  checkNotEmpty(bytes, name);
  try {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: "error", ignoreIcc: !(await isCmyk(bytes, name)) });
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: "#000000" })
      .toColourspace("srgb") // three channels, whatever the file has
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { source: name, width: info.width, height: info.height, rgb: data };
  } catch (error) {
    throw asImageError(error, name);
  }
}

function checkNotEmpty(bytes: Uint8Array, name: string): void {
  if (bytes.byteLength === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is empty (0 bytes).`);
}

function isDecoded(source: ImageSource): source is DecodedImage {
  return typeof source === "object" && (source as unknown) !== null && "rgb" in source;
}

function checkDecoded(image: DecodedImage): DecodedImage {
  const { source, width, height, rgb } = image;
  const isWhole = typeof source === "string" && [width, height].every((edge) => Number.isInteger(edge) && edge > 0);
  if (!isWhole || !(rgb instanceof Uint8Array) || rgb.byteLength !== width * height * 3) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `Decoded pixels need a source name, a width, a height and rgb as a Uint8Array of width * height * 3 bytes; found ` +
        `${width} × ${height} and ${rgb instanceof Uint8Array ? `${rgb.byteLength} bytes` : typeof rgb}.`
    );
  }
  checkSize(image);
  return image;
}

/** Reads the header, refuses what is no picture that we promise to handle, and tells whether a profile is needed. */
async function isCmyk(bytes: Uint8Array, name: string): Promise<boolean> {
  const header = await sharp(bytes, { limitInputPixels: false, failOn: "none" }).metadata();
  if (!formats.has(header.format)) throw new MedGemmaError("IMAGE_UNREADABLE", unsupported(name, header.format));
  if (header.compression === "hevc") {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is a HEIC picture, which this build cannot decode. Convert it to JPEG or PNG.`);
  }
  checkSize({ source: name, width: header.width, height: header.height });
  if (header.depth !== "uchar" && header.depth !== "ushort") {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has samples of type ${header.depth}; expected 8 or 16 bits. Convert it to an 8-bit PNG with the window you need.`
    );
  }
  return header.space === "cmyk";
}

function checkSize({ source, width, height }: Pick<DecodedImage, "source" | "width" | "height">): void {
  if (width * height <= maxPixels && Math.max(width, height) <= maxEdge) return;
  throw new MedGemmaError(
    "IMAGE_TOO_LARGE",
    `${source} says that it has ${width}×${height} pixels; the limit is ${maxPixels} in all and ${maxEdge} along an edge. ` +
      "Export a smaller picture of it."
  );
}

function asImageError(error: unknown, name: string): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const message = (error as Error).message.split("\n")[0] ?? "";
  if (/unsupported image format/i.test(message)) {
    return new MedGemmaError("IMAGE_UNREADABLE", unsupported(name, "no image format known here"), { cause: error });
  }
  return new MedGemmaError("IMAGE_UNREADABLE", `${name} is damaged or incomplete: ${message.trim()}.`, { cause: error });
}

function unsupported(name: string, found: string): string {
  return `${name} cannot be read as an image: expected PNG, JPEG, WebP, TIFF, GIF or AVIF, found ${found}.`;
}
