/** What a slide is, from its file to the patches that the model sees. */
import type { SlideChoices } from "./slide-options.js";
import type { DecodedImage, PixelBox } from "../image/types.js";

/** At which magnification a slide is seen, and how many patches of it. */
export interface SlideOptions extends SlideChoices {
  /** Of a patch in pixels, 1 to 4096: the projector's image size. Default 896, that of MedGemma. */
  readonly side?: number | undefined;
  /** Whether pixels that are not square are made square. Default true. */
  readonly aspect?: boolean | undefined;
  /** What to call the file in messages and results. Default: its path. */
  readonly nameOf?: ((path: string) => string) | undefined;
  /** Called again and again while the slide is searched for tissue, and while patches are read. */
  readonly onProgress?: ((progress: SlideProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far the reading of a slide is. */
export interface SlideProgress {
  readonly step: "searching for tissue" | "reading patches";
  readonly done: number;
  readonly of: number;
}

/** A slide as the model sees it. */
export interface Slide extends SlideSummary {
  /** `side` × `side` pixels each, in reading order: rows from the top, each from the left. */
  readonly patches: readonly DecodedImage[];
  /** The whole slide, its longer edge at least `side`; null unless it was asked for. */
  readonly overview: DecodedImage | null;
}

/** What was taken, and how: nothing of the patient but what a path says. */
export interface SlideSummary {
  /** The file or folder that was given, as `nameOf` calls it. */
  readonly source: string;
  /** With these options and the same `side` the same file gives the same patches. */
  readonly asked: SlideAsked;
  /** Patches that the model sees. */
  readonly taken: number;
  /** Patches with tissue. Those of which the level that is read holds nothing are none. */
  readonly of: number;
  /** All patches of the grid, those of background included. */
  readonly grid: number;
  /** Of the taken ones among those with tissue, from 1. */
  readonly numbers: readonly number[];
  /** Where the taken ones lie, in pixels of the largest level. */
  readonly positions: readonly PixelBox[];
  /** Of a patch, in pixels. */
  readonly side: number;
  /** Of the largest level, in pixels. */
  readonly width: number;
  readonly height: number;
  /** How many the pyramid has. */
  readonly levels: number;
  /** That was read, 0 the largest. */
  readonly level: number;
  /** By which its pixels were shrunk: 1 or more; along their shorter edge, where they are not square. */
  readonly shrunkBy: number;
  /** How high a pixel of the file is by its width, where it was made square (bilinear, enlarged); 1: taken as it is stored. */
  readonly pixelAspect: number;
  /** Of the patches; null where the file does not tell. */
  readonly magnification: number | null;
  /** Of the largest level. */
  readonly scannedAt: number | null;
  readonly magnificationFrom: MagnificationSource | null;
  /** Of the largest level, in micrometres; across, where pixels are not square. */
  readonly micrometresPerPixel: number | null;
  /** All of it in words, for a person. */
  readonly notes: readonly string[];
}

/** Options of `readSlide`; null: not given. */
export interface SlideAsked {
  readonly magnification: number | null;
  readonly level: number | null;
  readonly patches: number;
  readonly overview: boolean;
  readonly aspect: boolean;
}

/** Where the file says at which magnification it was scanned. */
export type MagnificationSource =
  | "Aperio AppMag"
  | "Aperio MPP"
  | "DICOM Objective Lens Power"
  | "DICOM Pixel Spacing"
  | "Hamamatsu SourceLens"
  | "Leica objective"
  | "Leica view"
  | "OME-XML PhysicalSizeX"
  | "Philips DICOM_PIXEL_SPACING"
  | "TIFF resolution"
  | "Trestle Objective Power"
  | "Ventana Magnification"
  | "Ventana ScanRes";
