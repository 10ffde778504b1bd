/**
 * DICOM files → pictures and values. The folder owns dcmjs-codecs, which decompresses pixels. From the bytes up:
 *
 *     is-dicom → parse (elements → data-set, tags, transfer-syntax) → image-pixel    what is in the file, checked
 *     pixel-form → encapsulated → codestream → codecs | rle → stored-frame    one frame as stored values
 *     modality                                                                stored values → Hounsfield units and the like
 *     voi (window-choice, lookup-table) | color | palette                     values → 8-bit RGB
 *     header                                                                  facts of a series, without pixels
 *
 * Two layers are for others. `readDicomPicture` makes a picture as a viewer shows it. Below it, `openDicom` gives the facts
 * of a file without touching its pixels, and then frames as values after the modality transform, for series of CT and MR.
 *
 * No attribute that names a patient is read (tags.ts), and free text of a file is put into no message.
 */
import { MedGemmaError } from "../errors.js";
import { checkPictureSize } from "../shared/picture-size.js";
import { colorToRgb } from "./color.js";
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import {
  isHounsfield,
  readDates,
  readGeometry,
  readHeader,
  type DicomDates,
  type DicomHeader,
  type FrameGeometry
} from "./header.js";
import { readImagePixel, type ImagePixel } from "./image-pixel.js";
import { readModalityTransform, type ModalityValues } from "./modality.js";
import { paletteToRgb } from "./palette.js";
import { isMosaic, readMosaic, type Mosaic } from "./mosaic.js";
import { parseDicom } from "./parse.js";
import { describeAspect, readPixelAspect } from "./pixel-aspect.js";
import { wholeSlideUid } from "./sop-classes.js";
import { readStoredFrame, type StoredFrame, type StoredValues } from "./stored-frame.js";
import { tags } from "./tags.js";
import { chooseVoi, grayToRgb, readFileVoi, shownWindow, type ShownWindow, type VoiTransform } from "./voi.js";
import { readVolumeFacts, type VolumeFacts } from "./volume-facts.js";
import { checkFrameChoice, checkWindowChoice, isPreset, type WindowChoice } from "./window-choice.js";

export type { DicomDates, DicomHeader, FrameGeometry } from "./header.js";
export type { VolumeFacts } from "./volume-facts.js";

/** Projection radiography: CR, DX, mammography, and the older RG. */
const projections: ReadonlySet<string> = new Set(["CR", "DX", "MG", "RG"]);

/** Of the pixels: a window that hides more is told. Viewers apply it, and so do we; Google's serving code does not. */
const mostOutside = 1 / 3;

/** Of a CT whose file has no rescale. */
export const unscaledCt = "the file has no rescale: its values are taken for Hounsfield units";

/** SimpleITK and GDCM do not ask for the unit either; a preset that somebody asks for is shown, and told of. */
const unspecifiedCt =
  "the file says that its values have no certain unit (Rescale Type US): they are taken for Hounsfield units";

export interface DicomPictureOptions {
  /** Default: the first VOI LUT or window of the file; without one, from the least to the greatest value. */
  readonly window?: WindowChoice | undefined;
  /** From 1. Default: the first. */
  readonly frame?: number | undefined;
}

/** A frame as a viewer shows it: 8-bit RGB, row-major, `width * height * 3` bytes. */
export interface DicomPicture {
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** What was decided, for a person: the window, the frame, what was left out. */
  readonly notes: readonly string[];
  /** Those of the notes that tell where the file contradicts itself, or is shown in part: a person should see them. */
  readonly warnings: readonly string[];
  /** How high a pixel is by its width; 1: square. */
  readonly pixelAspect: number;
  /** From 1. */
  readonly frame: number;
  /** null for colour. */
  readonly window: ShownWindow | null;
}

/** Gray values of one frame after the modality transform, row-major, `width * height`. */
export interface DicomFrame {
  readonly width: number;
  readonly height: number;
  /** Hounsfield units for CT. Integers where all results are, else 32-bit floats. */
  readonly values: ModalityValues;
  /** The least and greatest value, padding left out. */
  readonly range: () => readonly [number, number];
  /** Of the pixels, padding left out: how many lie below or above, from 0 to 1. */
  readonly shareOutside: (shown: readonly [least: number, most: number]) => number;
  /** The index of a pixel that is padding; null where there is none. */
  readonly firstPadding: () => number | null;
  readonly isInverted: boolean;
  readonly geometry: FrameGeometry;
  /** As in `DicomPicture`. */
  readonly pixelAspect: number;
  readonly warnings: readonly string[];
}

export interface DicomFile {
  readonly header: DicomHeader;
  readonly dates: () => DicomDates;
  /**
   * Where a frame lies, without decoding it.
   *
   * @param frame From 1.
   */
  readonly geometry: (frame: number) => FrameGeometry;
  /** What tells the volume of a frame from others; as `geometry`. */
  readonly volumeFacts: (frame: number) => VolumeFacts;
  /** null for a file that is no Siemens mosaic; "unknown" for one that does not say of how many slices it is. */
  readonly mosaic: () => Mosaic | "unknown" | null;
  /** Whether its frames are the tiles of a slide. */
  readonly isTiled: boolean;
  /** Whether its pixels are colours. */
  readonly isColor: boolean;
  /**
   * @param frame From 1.
   * @throws MedGemmaError IMAGE_UNREADABLE, also for colours; IMAGE_TOO_LARGE; INVALID_ARGUMENT for a frame that is not there
   */
  readonly readFrame: (frame: number) => Promise<DicomFrame>;
}

/**
 * The attributes of a file; pixels stay as they are until a frame is read.
 *
 * @param name What to call the file in messages.
 * @throws MedGemmaError IMAGE_UNREADABLE
 */
export function openDicom(bytes: Uint8Array, name: string): DicomFile {
  return inFile(name, () => {
    const parsed = parseDicom(bytes);
    const { dataSet } = parsed;
    return {
      header: readHeader(dataSet),
      dates: () => readDates(dataSet),
      geometry: (frame) => inFile(name, () => readGeometry(dataSet, frame - 1)),
      volumeFacts: (frame) => inFile(name, () => readVolumeFacts(dataSet, frame - 1)),
      mosaic: () => inFile(name, () => readMosaic(dataSet) ?? (isMosaic(dataSet) ? "unknown" : null)),
      isTiled: isTiled(dataSet),
      isColor: dataSet.text(tags.PhotometricInterpretation)?.startsWith("MONOCHROME") === false,
      readFrame: async (frame) => {
        const { pixel, stored } = await readPixels(parsed, name, frame);
        return inFile(name, () => grayFrame(dataSet, pixel, stored, frame - 1));
      }
    };
  });
}

/**
 * @param name What to call the file in messages.
 * @throws MedGemmaError IMAGE_UNREADABLE; IMAGE_TOO_LARGE; INVALID_ARGUMENT for a window or frame that is not there
 */
export async function readDicomPicture(
  bytes: Uint8Array,
  name: string,
  options: DicomPictureOptions = {}
): Promise<DicomPicture> {
  const parsed = checkOptions(bytes, name, options);
  const { frame = 1 } = options;
  const { pixel, stored } = await readPixels(parsed, name, frame);
  return inFile(name, () => {
    const { dataSet } = parsed;
    const aspect = readPixelAspect(dataSet, frame - 1);
    const picture = (
      rgb: Uint8Array,
      window: ShownWindow | null,
      decided: readonly string[],
      warned: readonly string[]
    ): DicomPicture => {
      const warnings = [
        ...warned,
        ...aspect.warnings,
        ...(isMosaic(dataSet) ? ["a Siemens mosaic, whose tiles are slices: a series takes them one by one"] : [])
      ];
      const notes = [
        ...decided,
        ...(pixel.frames > 1 ? [`frame ${frame} of ${pixel.frames}`] : []),
        ...(dataSet.hasOverlay() ? ["overlay ignored"] : []),
        ...(aspect.ratio === 1 ? [] : [`pixels ${describeAspect(aspect.ratio)}`]),
        ...warnings
      ];
      return {
        source: name,
        width: pixel.columns,
        height: pixel.rows,
        rgb,
        notes,
        warnings,
        pixelAspect: aspect.ratio,
        frame,
        window
      };
    };
    if (stored.photometric === "PALETTE COLOR") {
      const { rgb, warnings } = paletteToRgb(dataSet, stored, pixel.isSigned);
      return picture(rgb, null, [], [...stored.warnings, ...warnings]);
    }
    if (pixel.samplesPerPixel === 3) return picture(colorToRgb(stored), null, [], stored.warnings);
    const gray = grayFrame(dataSet, pixel, stored, frame - 1);
    const header = readHeader(dataSet);
    const file = readFileVoi(dataSet, frame - 1, isSignedAfterModality(gray.values));
    const mayBeHounsfield = isHounsfield(header) || (header.modality === "CT" && header.unit === "unspecified");
    const voi = chooseVoi(options.window, file, { name, isHounsfield: mayBeHounsfield, range: gray.range });
    const rgb = grayToRgb(gray, voi.toGray);
    const warnings = [
      ...gray.warnings,
      ...(voi.warning === null ? [] : [voi.warning]),
      ...file.warnings,
      ...unseenBy(options.window, voi, header, gray),
      ...brightPadding(gray, rgb)
    ];
    return picture(
      rgb,
      shownWindow(options.window, voi),
      [voi.description, ...(gray.isInverted ? ["MONOCHROME1 inverted"] : [])],
      warnings
    );
  });
}

/** What a person would not see of the picture, or take for something else. */
function unseenBy(
  choice: WindowChoice | undefined,
  { shown }: VoiTransform,
  { modality, isRescaled, unit }: DicomHeader,
  gray: DicomFrame
): string[] {
  if (isPreset(choice) && !isRescaled) return [unscaledCt];
  if (isPreset(choice) && unit === "unspecified") return [unspecifiedCt];
  if (choice !== undefined || shown === null || !projections.has(modality ?? "")) return [];
  const outside = gray.shareOutside(shown);
  return outside > mostOutside
    ? [
        `the window of the file hides ${Math.round(outside * 100)} % of the pixels, which are all black or all white; window full shows all`
      ]
    : [];
}

/** Padding is no picture, and PS3.3 C.7.5.1.1.2 wants it as background; of MONOCHROME1 it is often white. */
function brightPadding({ firstPadding }: DicomFrame, rgb: Uint8Array): string[] {
  const pixel = firstPadding();
  const isBright = pixel !== null && (rgb[3 * pixel] ?? 0) >= 128;
  return isBright
    ? ["the padding around the picture is shown bright, as its values are and as pydicom shows it, not as background"]
    : [];
}

/** As `readDicomPicture`, but decodes no pixels: finds all but damage in them. Throws the same errors. */
export function checkDicom(bytes: Uint8Array, name: string, options: DicomPictureOptions = {}): void {
  checkOptions(bytes, name, options);
}

type Parsed = ReturnType<typeof parseDicom>;

function checkOptions(bytes: Uint8Array, name: string, { window, frame }: DicomPictureOptions): Parsed {
  checkWindowChoice(window);
  checkFrameChoice(frame);
  return inFile(name, () => {
    const parsed = parseDicom(bytes);
    const pixel = checkPixel(parsed, name, frame ?? 1);
    if (frame === undefined) refuseTiles(parsed.dataSet, pixel);
    if (window !== undefined && (pixel.samplesPerPixel === 3 || pixel.photometric === "PALETTE COLOR")) {
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        `${name} is a picture in colour, which has no window. Leave it out.`,
        { remedy: { option: "window" } }
      );
    }
    return parsed;
  });
}

function isTiled(dataSet: DataSet): boolean {
  return (
    dataSet.text(tags.SOPClassUID) === wholeSlideUid ||
    dataSet.text(tags.DimensionOrganizationType)?.startsWith("TILED") === true
  );
}

/** A tile of a slide that was not asked for is not its picture. */
function refuseTiles(dataSet: DataSet, { frames, rows, columns }: ImagePixel): void {
  const matrix = [
    dataSet.long(tags.TotalPixelMatrixColumns) ?? columns,
    dataSet.long(tags.TotalPixelMatrixRows) ?? rows
  ] as const;
  if (!isTiled(dataSet) || (frames === 1 && matrix[0] <= columns && matrix[1] <= rows)) return;
  throw new DicomError(
    `it is a slide of ${matrix.join(" × ")} pixels in ${frames === 1 ? "1 tile" : `${frames} tiles`} (VL Whole Slide Microscopy), and a tile is not its picture. Take its patches as a slide, or one tile as a frame`,
    { remedy: { option: "slide", also: ["frame"] } }
  );
}

function checkPixel(parsed: Parsed, name: string, frame: number): ImagePixel {
  const pixel = readImagePixel(parsed.dataSet, parsed.syntax.codec);
  checkPictureSize(name, pixel.columns, pixel.rows);
  if (frame <= pixel.frames) return pixel;
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `${name} has ${pixel.frames === 1 ? "1 frame" : `${pixel.frames} frames`}, but frame ${frame} is asked for.`,
    { remedy: { option: "frame" } }
  );
}

async function readPixels(
  parsed: Parsed,
  name: string,
  frame: number
): Promise<{ readonly pixel: ImagePixel; readonly stored: StoredFrame }> {
  checkFrameChoice(frame);
  const pixel = inFile(name, () => checkPixel(parsed, name, frame));
  try {
    return { pixel, stored: await readStoredFrame(parsed, pixel, frame - 1) };
  } catch (error) {
    throw asImageError(error, name);
  }
}

function grayFrame(dataSet: DataSet, pixel: ImagePixel, stored: StoredFrame, frame: number): DicomFrame {
  if (!stored.photometric.startsWith("MONOCHROME"))
    throw new DicomError(`its pixels are ${stored.photometric}; expected gray values`);
  const modality = readModalityTransform(dataSet, frame, pixel.isSigned);
  const values = modality.apply(stored.values);
  const padding = readPadding(dataSet, pixel.isSigned);
  const aspect = readPixelAspect(dataSet, frame);
  return {
    width: pixel.columns,
    height: pixel.rows,
    values,
    range: () => rangeOf(values, stored.values, padding),
    shareOutside: (shown) => shareOutside(values, stored.values, padding, shown),
    firstPadding: () => {
      const index = stored.values.findIndex((value) => isPadding(value, padding));
      return index < 0 ? null : index;
    },
    isInverted: stored.photometric === "MONOCHROME1",
    geometry: readGeometry(dataSet, frame),
    pixelAspect: aspect.ratio,
    warnings: [...stored.warnings, ...modality.warnings]
  };
}

/** Stored values that stand for "no picture here" (PS3.3 C.7.5.1.1.2), from and to. */
function readPadding(dataSet: DataSet, isSigned: boolean): Padding {
  const value = dataSet.word(tags.PixelPaddingValue, { isSigned });
  if (value === undefined) return null;
  const limit = dataSet.word(tags.PixelPaddingRangeLimit, { isSigned }) ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}

type Padding = readonly [number, number] | null;

function isPadding(stored: number, padding: Padding): boolean {
  return padding !== null && stored >= padding[0] && stored <= padding[1];
}

function shareOutside(
  values: ModalityValues,
  stored: StoredValues,
  padding: Padding,
  [least, most]: readonly [number, number]
): number {
  let [outside, counted] = [0, 0];
  for (let index = 0; index < values.length; index += 1) {
    if (isPadding(stored[index] ?? 0, padding)) continue;
    const value = values[index] ?? 0;
    counted += 1;
    if (value < least || value > most) outside += 1;
  }
  return counted === 0 ? 0 : outside / counted;
}

function rangeOf(values: ModalityValues, stored: StoredValues, padding: Padding): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let index = 0; index < values.length; index += 1) {
    if (isPadding(stored[index] ?? 0, padding)) continue;
    const value = values[index] ?? 0;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least > most ? rangeOf(values, stored, null) : [least, most]; // nothing but padding
}

/** A VOI LUT begins at a value after the modality transform, written as a word of that sign (PS3.3 C.11.2.1.1). */
function isSignedAfterModality(values: ModalityValues): boolean {
  if (values instanceof Int16Array || values instanceof Int8Array) return true;
  return (
    (values instanceof Int32Array || values instanceof Float32Array) && values.every((value: number) => value < 2 ** 15)
  );
}

function inFile<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw asImageError(error, name);
  }
}

function asImageError(error: unknown, name: string): Error {
  if (error instanceof DicomError)
    return new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read as DICOM: ${error.message}.`, {
      cause: error,
      remedy: error.remedy
    });
  // A frame whose size was checked may still be more than this process can have.
  if (error instanceof RangeError)
    return new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read as DICOM: ${error.message}.`, {
      cause: error
    });
  return error as Error;
}
