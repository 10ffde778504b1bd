/**
 * An image source → 8-bit RGB pixels: DICOM by src/dicom, all else by sharp (libvips). Does not pad or resize.
 *
 * What happens to unusual files (also in docs/images.md): EXIF rotation is applied; transparency is put on black, as the
 * padding is; 16-bit samples keep their high byte; gray becomes R=G=B; CMYK is converted by its profile; of an animation
 * or a multi-page file the first picture is taken; colour profiles of RGB and gray files are ignored, because the
 * reference (Pillow) ignores them and the model was trained on such pixels.
 */
import type { Metadata } from "sharp";
import { checkedLater, checkOptions, describe, type RulesOf } from "../check-arguments.js";
import { isDicom } from "../dicom/is-dicom.js";
import { checkDicom, readDicomPicture } from "../dicom/read-dicom.js";
import { checkFrameChoice, checkWindowChoice } from "../dicom/window-choice.js";
import { MedGemmaError } from "../errors.js";
import { describeOtherVolume, isNiftiBytes } from "../nifti/other-volumes.js";
import { checkPictureSize, maxPixels } from "../picture-size.js";
import { checkImageSource } from "./check-source.js";
import { readSource, type ImageFile } from "./read-source.js";
import { loadSharp } from "./sharp.js";
import type { DecodedImage, DicomOptions, ImageSource } from "./types.js";

const formats: ReadonlySet<string> = new Set(["png", "jpeg", "webp", "tiff", "gif", "heif", "avif"]);

const dicomRules: RulesOf<DicomOptions> = { window: checkedLater, frame: checkedLater };

/**
 * A picture as 8-bit RGB in its own size, turned as its EXIF data says; what happens to each kind of file is in docs/images.md.
 *
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT
 */
export async function decodeImage(source: ImageSource, options: DicomOptions = {}): Promise<DecodedImage> {
  checkOptions("The options of decodeImage", options, dicomRules);
  checkImageSource(source);
  checkWindowChoice(options.window);
  checkFrameChoice(options.frame);
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
  refuseNifti(bytes, name);
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
    const { source, width, height, rgb, notes, warnings, pixelAspect, frame, window } = await readDicomPicture(bytes, name, options);
    return { source, width, height, rgb, notes, warnings, pixelAspect, rendering: { frame, window, ranges: null } };
  }
  refuseNifti(bytes, name);
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

/** A volume is not a picture, and libvips would only say that it does not know it. */
function refuseNifti(bytes: Uint8Array, name: string): void {
  if (isNiftiBytes(bytes)) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is a NIfTI volume, not a picture. Take its slices with --series ${name} --modality CT or MR (readSeries in a program).`);
}

function isDecoded(source: ImageSource): source is DecodedImage {
  return typeof source === "object" && (source as unknown) !== null && "rgb" in source;
}

function refuseDicomOptions(name: string, { window, frame }: DicomOptions): void {
  if (window === undefined && frame === undefined) return;
  const what = window === undefined ? "frame" : "window";
  throw new MedGemmaError("INVALID_ARGUMENT", `${name} is no DICOM file, and only these have a ${what} to choose. Leave it out.`);
}

/** @throws MedGemmaError INVALID_ARGUMENT, IMAGE_TOO_LARGE */
export function checkDecoded(image: DecodedImage, options: DicomOptions): DecodedImage {
  const { source, width, height, rgb } = image;
  const isWhole = typeof source === "string" && [width, height].every((edge) => Number.isInteger(edge) && edge > 0);
  if (!isWhole || !(rgb instanceof Uint8Array) || rgb.byteLength !== width * height * 3) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `Decoded pixels need a source name, a width, a height and rgb as a Uint8Array of width * height * 3 bytes; found ` +
        `${describe(width)} × ${describe(height)} and ${rgb instanceof Uint8Array ? `${rgb.byteLength} bytes` : describe(rgb)}.`
    );
  }
  const { pixelAspect = 1 } = image;
  if (!(typeof pixelAspect === "number" && Number.isFinite(pixelAspect) && pixelAspect > 0)) {
    throw new MedGemmaError("INVALID_ARGUMENT", `The pixelAspect of ${source} must be a number above 0, but is ${String(pixelAspect)}.`);
  }
  checkPictureSize(source, width, height);
  refuseDicomOptions(source, options);
  return image;
}

/** Refuses what is no picture that we promise to handle. */
async function readHeader(bytes: Uint8Array, name: string): Promise<Metadata> {
  const header = await loadSharp()(bytes, { limitInputPixels: false, failOn: "none" }).metadata();
  if (!formats.has(header.format)) throw new MedGemmaError("IMAGE_UNREADABLE", unsupported(name, header.format));
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
  const volume = describeOtherVolume(name, bytes.subarray(0, 4096));
  if (volume !== null) return new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${volume}, and take its slices with --series.`, { cause: error });
  const message = (error as Error).message.split("\n")[0] ?? "";
  if (/unsupported image format/i.test(message)) {
    return new MedGemmaError("IMAGE_UNREADABLE", unsupported(name, "no image format known here"), { cause: error });
  }
  return new MedGemmaError("IMAGE_UNREADABLE", `${name} is damaged or incomplete: ${message.trim()}.`, { cause: error });
}

function unsupported(name: string, found: string): string {
  return `${name} cannot be read as an image: expected PNG, JPEG, WebP, TIFF, GIF, AVIF or DICOM, found ${found}.`;
}
