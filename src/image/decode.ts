/**
 * An image source → 8-bit RGB pixels: DICOM by src/dicom, all else by what is in formats/. Does not pad or resize.
 *
 * What happens to unusual files is in docs/guide/images.md: EXIF rotation is applied; transparency is put on black, as the padding is; gray
 * becomes R=G=B; values of more than 8 bits are shown by a window (to-rgb.ts); of several pages the first is taken; colour
 * profiles are ignored where they are nearly sRGB, because the reference (Pillow) ignores them and the model was trained on such pixels.
 */
import { checkedLater, checkOptions, describe, refuseUnreadable, type RulesOf } from "../shared/check-arguments.js";
import { isDicom } from "../dicom/is-dicom.js";
import { checkDicom, readDicomPicture } from "../dicom/read-dicom.js";
import { checkFrameChoice, checkWindowChoice, isPreset } from "../dicom/window-choice.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { describeOtherVolume, isNiftiBytes } from "../nifti/other-volumes.js";
import { checkPictureSize } from "../shared/picture-size.js";
import { checkImageSource } from "./check-source.js";
import { convertToSrgb } from "./convert-to-srgb.js";
import { isBmp, openBmp } from "./formats/bmp.js";
import { isJpeg2000File, openJpeg2000 } from "./formats/jpeg-2000.js";
import { isJpegXl, openJpegXl } from "./formats/jpeg-xl.js";
import { openWithLibvips } from "./formats/libvips.js";
import { isNetpbm, openNetpbm } from "./formats/netpbm.js";
import { formatOfName, glassFirstError } from "../formats/formats.js";
import { unreadError } from "./unread-error.js";
import type { OpenPicture } from "./raster.js";
import { readSource, type ImageFile } from "./read-source.js";
import { toRgb } from "./to-rgb.js";
import { isSquareImage } from "./prepared-square.js";
import { UnreadForm } from "./unread-form.js";
import type { DecodedImage, DicomOptions, PlainImageSource } from "./types.js";

const dicomRules: RulesOf<DicomOptions> = { window: checkedLater, frame: checkedLater };

/**
 * A picture as 8-bit RGB in its own size, turned as its EXIF data says; what happens to each kind of file is in docs/guide/images.md.
 *
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT
 */
export async function decodeImage(source: PlainImageSource, options: DicomOptions = {}): Promise<DecodedImage> {
  checkOptions("The options of decodeImage", options, dicomRules);
  checkImageSource(source);
  checkWindowChoice(options.window);
  checkFrameChoice(options.frame);
  if (isSquareImage(source))
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${source.source} is a square already, and cannot be decoded. Give the image itself.`
    );
  if (isDecoded(source)) return checkDecoded(source, options);
  return await decodeFile(await readSource(source), options);
}

/** As `decodeImage`, but reads no more than the header: quick, and finds all but damage further on. Throws the same errors. */
export async function checkImage(source: PlainImageSource, options: DicomOptions = {}): Promise<void> {
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
  await openPicture({ name, bytes }, options);
}

async function decodeFile({ name, bytes }: ImageFile, options: DicomOptions): Promise<DecodedImage> {
  checkNotEmpty(bytes, name);
  if (isDicom(bytes)) {
    const { source, width, height, rgb, notes, warnings, pixelAspect, frame, window } = await readDicomPicture(
      bytes,
      name,
      options
    );
    return { source, width, height, rgb, notes, warnings, pixelAspect, rendering: { frame, window, ranges: null } };
  }
  refuseNifti(bytes, name);
  const picture = await openPicture({ name, bytes }, options);
  try {
    const raster = await picture.decode();
    const { width, height, rgb: shown, notes, window } = toRgb(raster, { name, window: options.window });
    const rgb = raster.icc === null ? shown : await convertToSrgb(shown, { width, height, icc: raster.icc });
    return {
      source: name,
      width,
      height,
      rgb,
      ...(notes.length > 0 ? { notes } : {}),
      ...(window === null ? {} : { rendering: { frame: null, window, ranges: null } })
    };
  } catch (error) {
    throw asImageError(error, name, bytes);
  }
}

/** Its header, and whether it has what is asked for. */
async function openPicture({ name, bytes }: ImageFile, options: DicomOptions): Promise<OpenPicture> {
  // Inside a scanner's file may be a TIFF whose picture is the label, with the patient's name on it.
  const format = formatOfName(name);
  if (format?.kind === "slide" && format.advice !== undefined)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is ${format.described}, which is not read here. ${format.advice}`
    );
  if (format?.isGlassFirst === true) throw glassFirstError(name, format.described);
  checkWindowChoice(options.window);
  let picture: OpenPicture;
  try {
    picture = await openFormat(bytes, name);
  } catch (error) {
    throw asImageError(error, name, bytes);
  }
  checkPictureSize(name, picture.width, picture.height);
  if (!picture.hasValues) refuseDicomOptions(name, options);
  else refuseDicomOptions(name, { frame: options.frame });
  if (isPreset(options.window) || typeof options.window === "number") {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} is not a DICOM file: windows by name are for CT in Hounsfield units, and it has none of its own. Give the window as C/W, or full.`,
      { remedy: { option: "window" } }
    );
  }
  return picture;
}

async function openFormat(bytes: Uint8Array, name: string): Promise<OpenPicture> {
  if (isNetpbm(bytes)) return openNetpbm(bytes);
  if (isBmp(bytes)) return openBmp(bytes);
  if (isJpeg2000File(bytes)) return openJpeg2000(bytes);
  if (isJpegXl(bytes)) return openJpegXl(bytes, name);
  return await openWithLibvips(bytes, name, (found) => unreadError(name, bytes, found));
}

function checkNotEmpty(bytes: Uint8Array, name: string): void {
  if (bytes.byteLength === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is empty (0 bytes).`);
}

/** A volume is not a picture, and libvips would only say that it does not know it. */
function refuseNifti(bytes: Uint8Array, name: string): void {
  if (isNiftiBytes(bytes))
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a NIfTI volume, not a picture. Take its slices as a series, with its modality, CT or MR.`,
      { remedy: { option: "series", also: ["modality"] } }
    );
}

const convertAdvice = 'Convert it to PNG, for example with "magick IN OUT.png".';

function isDecoded(source: PlainImageSource): source is DecodedImage {
  return typeof source === "object" && (source as unknown) !== null && "rgb" in source;
}

function refuseDicomOptions(name: string, { window, frame }: DicomOptions): void {
  if (frame !== undefined)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} is not a DICOM file, and only these have a frame to choose. Leave it out.`,
      { remedy: { option: "frame" } }
    );
  if (window !== undefined)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} has levels of 8 bits; only values of more bits, and DICOM, have a window to choose. Leave it out.`,
      { remedy: { option: "window" } }
    );
}

/** @throws MedGemmaError INVALID_ARGUMENT, IMAGE_TOO_LARGE */
export function checkDecoded(image: DecodedImage, options: DicomOptions): DecodedImage {
  refuseUnreadable("The decoded pixels", () => checkPixels(image, options));
  return image;
}

function checkPixels(image: DecodedImage, options: DicomOptions): void {
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
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The pixelAspect of ${source} must be a number above 0, but is ${String(pixelAspect)}.`
    );
  }
  checkPictureSize(source, width, height);
  refuseDicomOptions(source, options);
}

function asImageError(error: unknown, name: string, bytes: Uint8Array): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const volume = describeOtherVolume(name, bytes.subarray(0, 4096));
  if (volume !== null)
    return new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${volume}, and take its slices as a series.`, {
      cause: error,
      remedy: { option: "series" }
    });
  const message = firstLine(error).trim();
  // What libvips, its decoders and glib say when memory or threads run out: the picture may be whole.
  // (For nothing it cannot allocate memory either: a directory of 0 entries.)
  if (
    !message.includes("(0 elements") &&
    /out of memory|not enough memory|(?:cannot|unable to|failed to) allocate|bad_alloc|creating thread/i.test(message)
  ) {
    return new MedGemmaError(
      "OUT_OF_MEMORY",
      `There is too little memory, or there are too few threads, to decode ${name}: ${message}. Close other programs, or raise the limits of this one.`,
      { cause: error }
    );
  }
  if (error instanceof UnreadForm)
    return new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read here: ${message}. ${convertAdvice}`, {
      cause: error
    });
  const isUnknown = /unsupported image format/i.test(message);
  // What libvips says of a file that may be whole.
  if (!isUnknown && /unsupported|not supported|not implemented|not configured|no known route/i.test(message)) {
    return new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has a form that is not read here: ${message.replace(/\.$/, "")}. ${convertAdvice}`,
      { cause: error }
    );
  }
  // All that libvips says where libtiff warns.
  if (message.includes("failOn"))
    return new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is damaged, or has entries that libtiff does not expect. ${convertAdvice}`,
      { cause: error }
    );
  if (isUnknown) return unreadError(name, bytes, "no image format known here", error);
  return new MedGemmaError("IMAGE_UNREADABLE", `${name} is damaged or incomplete: ${message}.`, { cause: error });
}
