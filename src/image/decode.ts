/**
 * An image source → 8-bit RGB pixels: DICOM by src/dicom, all else by sharp (libvips). Does not pad or resize.
 *
 * What happens to unusual files (also in docs/images.md): EXIF rotation is applied; transparency is put on black, as the
 * padding is; 16-bit samples keep their high byte; gray becomes R=G=B; CMYK is converted by its profile; of an animation
 * or a multi-page file the first picture is taken; colour profiles of RGB and gray files are ignored, because the
 * reference (Pillow) ignores them and the model was trained on such pixels.
 */
import type { Metadata } from "sharp";
import { isDicom } from "../dicom/is-dicom.js";
import { checkDicom, readDicomPicture } from "../dicom/read-dicom.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { decoders, formatOf, formatOfBytes, isPicture, readableNames } from "../formats/formats.js";
import { checkPictureSize, maxPixels } from "../picture-size.js";
import { readSource, type ImageFile } from "./read-source.js";
import { loadSharp } from "./sharp.js";
import type { DecodedImage, DicomOptions, ImageSource } from "./types.js";

/**
 * A picture as 8-bit RGB in its own size, turned as its EXIF data says; what happens to each kind of file is in docs/images.md.
 *
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT
 */
export async function decodeImage(source: ImageSource, options: DicomOptions = {}): Promise<DecodedImage> {
  if (isDecoded(source)) return checkDecoded(source, options);
  return await decodeFile(await readSource(source), options);
}

/** As `decodeImage`, but reads no more than the header: quick, and finds all but damage further on. Throws the same errors. */
export async function checkImage(source: ImageSource, options: DicomOptions = {}): Promise<void> {
  if (isDecoded(source)) {
    checkDecoded(source, options);
    return;
  }
  const { name, bytes } = await readSource(source);
  checkNotEmpty(bytes, name);
  if (isDicom(bytes)) {
    checkDicom(bytes, name, options);
    return;
  }
  refuseDicomOptions(name, options);
  try {
    await readHeader(bytes, name);
  } catch (error) {
    throw asImageError(error, name, bytes);
  }
}

async function decodeFile({ name, bytes }: ImageFile, options: DicomOptions): Promise<DecodedImage> {
  checkNotEmpty(bytes, name);
  if (isDicom(bytes)) {
    const { source, width, height, rgb, notes, frame, window } = await readDicomPicture(bytes, name, options);
    return { source, width, height, rgb, notes, rendering: { frame, window, ranges: null } };
  }
  refuseDicomOptions(name, options);
  try {
    const { format, space } = await readHeader(bytes, name);
    // libvips only warns of most damage in tiles and strips; in JPEG, warnings are of what every viewer passes over.
    const failOn = format === "tiff" ? "warning" : "error";
    const image = loadSharp()(bytes, { limitInputPixels: maxPixels, failOn, ignoreIcc: space !== "cmyk" });
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: "#000000" })
      .toColourspace("srgb") // three channels, whatever the file has
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { source: name, width: info.width, height: info.height, rgb: data };
  } catch (error) {
    throw asImageError(error, name, bytes);
  }
}

function checkNotEmpty(bytes: Uint8Array, name: string): void {
  if (bytes.byteLength === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is empty (0 bytes).`);
}

function isDecoded(source: ImageSource): source is DecodedImage {
  return typeof source === "object" && (source as unknown) !== null && "rgb" in source;
}

function refuseDicomOptions(name: string, { window, frame }: DicomOptions): void {
  if (window === undefined && frame === undefined) return;
  const what = window === undefined ? "frame" : "window";
  throw new MedGemmaError("INVALID_ARGUMENT", `${name} is no DICOM file, and only these have a ${what} to choose. Leave it out.`);
}

function checkDecoded(image: DecodedImage, options: DicomOptions): DecodedImage {
  const { source, width, height, rgb } = image;
  const isWhole = typeof source === "string" && [width, height].every((edge) => Number.isInteger(edge) && edge > 0);
  if (!isWhole || !(rgb instanceof Uint8Array) || rgb.byteLength !== width * height * 3) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `Decoded pixels need a source name, a width, a height and rgb as a Uint8Array of width * height * 3 bytes; found ` +
        `${width} × ${height} and ${rgb instanceof Uint8Array ? `${rgb.byteLength} bytes` : typeof rgb}.`
    );
  }
  checkPictureSize(source, width, height);
  refuseDicomOptions(source, options);
  return image;
}

/** Refuses what is no picture that we promise to handle. */
async function readHeader(bytes: Uint8Array, name: string): Promise<Metadata> {
  const header = await loadSharp()(bytes, { limitInputPixels: false, failOn: "none" }).metadata();
  if (!decoders.has(header.format)) throw new MedGemmaError("IMAGE_UNREADABLE", unsupported(name, bytes));
  if (header.compression === "hevc") {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is a HEIC picture, which this build cannot decode. Convert it to JPEG or PNG.`);
  }
  checkPictureSize(name, header.width, header.height);
  if (header.depth !== "uchar" && header.depth !== "ushort") {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has samples of type ${header.depth}; expected 8 or 16 bits. Convert it to an 8-bit PNG with the window you need.`
    );
  }
  return header;
}

function asImageError(error: unknown, name: string, bytes: Uint8Array): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const message = firstLine(error);
  const format = formatOfBytes(bytes);
  if (/unsupported image format/i.test(message) || (format !== null && !isPicture(format))) return new MedGemmaError("IMAGE_UNREADABLE", unsupported(name, bytes), { cause: error });
  // What libvips, its decoders and glib say when memory or threads run out: the picture may be whole.
  if (/out of memory|not enough memory|(?:cannot|unable to|failed to) allocate|bad_alloc|creating thread/i.test(message)) {
    return new MedGemmaError("OUT_OF_MEMORY", `There is too little memory, or there are too few threads, to decode ${name}: ${message}. Close other programs, or raise the limits of this one.`, { cause: error });
  }
  return new MedGemmaError("IMAGE_UNREADABLE", `${name} is damaged or incomplete: ${message}.`, { cause: error });
}

function unsupported(name: string, bytes: Uint8Array): string {
  const format = formatOf(bytes, name);
  const found = format === null || isPicture(format) ? "no image format known here" : format.described;
  const advice = format?.kind === "volume" ? "Read it as a series." : format?.kind === "slide" ? "Read it as a slide." : format?.advice;
  return `${name} cannot be read as an image: expected ${readableNames}, found ${found}.${advice === undefined ? "" : ` ${advice}`}`;
}
