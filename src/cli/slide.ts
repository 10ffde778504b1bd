/** `--slide` and what belongs to it, the same for every command that reads one. */
import { imageOptions } from "../image/image-options.js";
import type { DecodedImage } from "../image/types.js";
import { readSlide } from "../slide/read-slide.js";
import { slideChoices } from "../slide/slide-options.js";
import type { Slide } from "../slide/types.js";
import { flagsOf, givenFlags, valuesOf } from "./flags.js";
import { inGroup, standardStream, text } from "./options.js";
import { printNote, UsageError } from "./output.js";
import { projectorImageSize } from "./projector-image-size.js";
import type { Redaction } from "./redaction.js";
import type { StatusLine } from "./status-line.js";
import { refuseStrayOptions } from "./stray-options.js";

/** `--slide` and its choices. */
export const slideFlags = {
  ...inGroup("Slide:", {
    slide: text("slide", { describe: "Pathology slide: tiled TIFF, SVS, OME-TIFF, SCN, BIF, NDPI, or DICOM (a file or its folder); its patches with tissue are shown" })
  }),
  ...flagsOf(slideChoices, "Slide:")
};

export interface SlideArguments {
  readonly slide?: string | undefined;
  readonly model?: string | undefined;
  readonly mmproj?: string | null | undefined;
  /** Of a patch, in pixels. Default: what the model's projector wants. */
  readonly size?: number | undefined;
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
  const { slide: path } = args;
  const choices = valuesOf(slideChoices, args);
  const { window, frame, fit, aspect } = valuesOf(imageOptions, args);
  if (path === undefined) {
    refuseStrayOptions(givenFlags(slideChoices, args), "slide");
    return null;
  }
  if (path === standardStream) throw new UsageError("--slide reads nothing from stdin. Name a file.");
  if (choices.magnification !== undefined && choices.level !== undefined) throw new UsageError("--magnification and --level exclude each other. Leave one out.");
  const ofPictures = window !== undefined ? "--window" : frame !== undefined ? "--frame" : fit === "crops" ? "--fit crops" : null;
  if (ofPictures !== null) throw new UsageError(`${ofPictures} is for single pictures, not for a slide. Leave it out.`);
  const nameOf = (file: string): string => redaction.hide(file, "the slide");
  nameOf(path); // before anything can fail
  const side = args.size ?? (await projectorImageSize(args));
  try {
    const onProgress = ({ step, done, of }: { readonly step: string; readonly done: number; readonly of: number }): void => status.show(`${step} · ${done} of ${of}`);
    const slide = await readSlide(path, { ...choices, side, aspect, nameOf, onProgress, signal });
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
