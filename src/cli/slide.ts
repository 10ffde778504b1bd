/** `--slide` and what belongs to it, the same for every command that reads one. */
import type { DecodedImage, ImageFit } from "../image/types.js";
import type { WindowChoice } from "../dicom/window-choice.js";
import { readSlide } from "../slide/read-slide.js";
import type { Slide } from "../slide/types.js";
import { decimal, flag, inGroup, standardStream, text, wholeNumber } from "./options.js";
import { printNote, UsageError } from "./output.js";
import { projectorImageSize } from "./projector-image-size.js";
import type { Redaction } from "./redaction.js";
import type { StatusLine } from "./status-line.js";
import { refuseStrayOptions } from "./stray-options.js";

export const slideOptions = inGroup("Slide:", {
  slide: text("slide", { describe: "Pathology slide: tiled TIFF, SVS, OME-TIFF, SCN, NDPI, or DICOM (a file or its folder); its patches with tissue are shown" }),
  magnification: decimal("magnification", { least: 0.01, most: 1000, describe: "Magnification of the patches: 5, 10, 20 …  [default: 10]" }),
  level: wholeNumber("level", { least: 0, describe: "A level of the file instead of a magnification; 0 is the largest" }),
  patches: wholeNumber("patches", { least: 1, describe: "Largest number of patches, evenly spaced, up to 125  [default: 125]" }),
  overview: flag({ describe: "Show the whole slide first, as one small picture" })
});

export interface SlideArguments {
  readonly slide?: string | undefined;
  readonly magnification?: number | undefined;
  readonly level?: number | undefined;
  readonly patches?: number | undefined;
  readonly overview?: boolean | undefined;
  readonly model?: string | undefined;
  readonly mmproj?: string | null | undefined;
  /** Of a patch, in pixels. Default: what the model's projector wants. */
  readonly size?: number | undefined;
  readonly window?: WindowChoice | undefined;
  readonly frame?: number | undefined;
  readonly fit?: ImageFit | undefined;
}

export interface SlideContext {
  readonly redaction: Redaction;
  readonly status: StatusLine;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tells a person what was taken.
 *
 * @returns null without `--slide`
 */
export async function takeSlide(args: SlideArguments, { redaction, status, signal }: SlideContext): Promise<Slide | null> {
  const { slide: path, magnification, level, patches, overview, window, frame, fit } = args;
  if (path === undefined) {
    refuseStrayOptions({ magnification, level, patches, overview }, "slide");
    return null;
  }
  if (path === standardStream) throw new UsageError("--slide reads nothing from stdin. Name a file.");
  if (magnification !== undefined && level !== undefined) throw new UsageError("--magnification and --level exclude each other. Leave one out.");
  const ofPictures = window !== undefined ? "--window" : frame !== undefined ? "--frame" : fit === "crops" ? "--fit crops" : null;
  if (ofPictures !== null) throw new UsageError(`${ofPictures} is for single pictures, not for a slide. Leave it out.`);
  const nameOf = (file: string): string => redaction.hide(file, "the slide");
  nameOf(path); // before anything can fail
  const side = args.size ?? (await projectorImageSize(args));
  try {
    const onProgress = ({ step, done, of }: { readonly step: string; readonly done: number; readonly of: number }): void => status.show(`${step} · ${done} of ${of}`);
    const slide = await readSlide(path, { magnification, level, patches, overview, side, nameOf, onProgress, signal });
    status.clear();
    for (const note of slide.notes) printNote(`slide: ${note}`);
    return slide;
  } finally {
    status.clear();
  }
}

/** All that the model sees of it, in order: the overview first. */
export function picturesOf({ overview, patches }: Slide): DecodedImage[] {
  return [...(overview === null ? [] : [overview]), ...patches];
}
