/** What an image is, before and after it is made ready for the model. */
import type { ShownWindow } from "../dicom/voi.js";
import type { WindowChoice } from "../dicom/window-choice.js";

/**
 * A path, a `file:` or `data:` URL, the bytes of an image file, pixels that are decoded already, or the square of `prepareImage` or of
 * an earlier turn, which stays as it is. Nothing is ever fetched from a network.
 */
export type ImageSource = string | URL | Uint8Array | DecodedImage | SquareImage;

/** What can still become a square in any way. */
export type PlainImageSource = Exclude<ImageSource, SquareImage>;

export const imageFits = ["pad", "stretch", "crops"] as const;

/**
 * "pad": black bars make a square, nothing is distorted. "stretch": squeezed into a square, as the bare processor does.
 * "crops": as "pad", and of a long picture its parts as well, each squeezed into a square: the processor's pan and scan.
 */
export type ImageFit = (typeof imageFits)[number];

/** How the values of a file became 8-bit RGB, of files that hold values: DICOM, NIfTI, pictures with more than 8 bits a sample. */
export interface ImageRendering {
  /** Of a DICOM file the frame, of a NIfTI volume the slice as it is counted in a series, from 1; null: a picture. */
  readonly frame: number | null;
  /** null for colours, and where `ranges` says it. */
  readonly window: ShownWindow | null;
  /** Of a slice of a series: the values that became 0 and 255 in red, green and blue. */
  readonly ranges: readonly (readonly [least: number, most: number])[] | null;
}

/** How a square came from its file; a crop's place is in `crops`. */
export interface ImagePreprocessing extends ImageRendering {
  /** Raised when the same file with the same settings begins to give other pixels. */
  readonly version: number;
  readonly fit: ImageFit;
  /** Side of the square in pixels. */
  readonly side: number;
  /** Whether pixels that are not square were to be made square, as `aspect` says. Left out before version 2, as the next. */
  readonly aspect?: boolean;
  /** How high a pixel of the file is by its width, where it was made square first (bilinear, enlarged); 1: taken as it is stored. */
  readonly pixelAspect?: number;
}

/** A decoded picture of any size: 8-bit RGB, row-major, `width * height * 3` bytes. */
export interface DecodedImage {
  /** What to call it in messages and reports: the path or URL as given, "(bytes)" or "(data URL)" where there is no name. */
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** What was decided on the way to these pixels, for a person: the window of a DICOM file, say. */
  readonly notes?: readonly string[] | undefined;
  /** Those of the notes that a person should not miss: the file contradicts itself, or is shown in part. */
  readonly warnings?: readonly string[] | undefined;
  /** How high a pixel is by its width, from the file; left out or 1: square. `prepareImage` makes others square. */
  readonly pixelAspect?: number | undefined;
  /** The same for programs; left out where there was nothing to decide. */
  readonly rendering?: ImageRendering | undefined;
}

/** How values become a picture: of a DICOM file, and by `window` of pictures with more than 8 bits a sample. For all others they are refused. */
export interface DicomOptions {
  /**
   * Which values become black and white: center and width, a preset for CT ("lung", "bone" …), "full", or the number of a
   * window of the file, from 1. Default: the first window of the file; without one, from the least to the greatest value. Pictures
   * that are not DICOM have a center and width, and "full".
   */
  readonly window?: WindowChoice | undefined;
  /** Of a file with several frames, from 1. Default: the first. */
  readonly frame?: number | undefined;
}

/** What lies in a picture, in its pixels from the top left corner, after EXIF rotation. */
export interface PixelBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Exactly what the model sees: 8-bit RGB, row-major, `side * side * 3` bytes. */
export interface Square {
  readonly source: string;
  /** Side of the square in pixels: the projector's image size. */
  readonly side: number;
  readonly rgb: Uint8Array;
  /** sha256 (hex) of `rgb`. */
  readonly sha256: string;
  /** As in `DecodedImage`. */
  readonly notes?: readonly string[] | undefined;
  /** As in `DecodedImage`. */
  readonly warnings?: readonly string[] | undefined;
}

/** A part of a picture, squeezed into a square. */
export interface CropImage extends Square {
  /** Where it lies in the picture; whole pixels, or hundredths of those that are not square. */
  readonly box: PixelBox;
}

/** A whole picture as a square, and where it was asked for its crops. */
export interface SquareImage extends Square {
  /** Size of the picture in pixels as they are stored, before all but EXIF rotation. */
  readonly width: number;
  readonly height: number;
  readonly fit: ImageFit;
  /** null: of a conversation that was saved before it was recorded. */
  readonly preprocessing: ImagePreprocessing | null;
  /** 2 to 4 with the fit "crops" and a long picture, otherwise none. The model sees them behind the whole picture, in order. */
  readonly crops: readonly CropImage[];
}

/** All that the model sees of a picture, in order. */
export function squaresOf(image: SquareImage): Square[] {
  return [image, ...image.crops];
}
