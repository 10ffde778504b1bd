/** `--slide` and what belongs to it, the same for every command that reads one. */
import { imageOptions, type ImageOptions } from "../../image/image-options.js";
import { pick } from "../../shared/option.js";
import { slideChoices, type SlideChoices } from "../../slide/slide-options.js";
import type { Slide, SlideProgress } from "../../slide/types.js";
import { givenFlags, valuesOf } from "../options/flags.js";
import { standardStream } from "../options/options.js";
import { printNote, UsageError } from "../terminal/output.js";
import { projectorImageSize } from "./projector-image-size.js";
import type { Redaction } from "../terminal/redaction.js";
import type { StatusLine } from "../terminal/status-line.js";
import { refuseStrayOptions } from "../options/conflicts.js";

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
export async function takeSlide(args: SlideArguments, context: SlideContext): Promise<Slide | null> {
  const { slide: path } = args;
  if (path === undefined) {
    refuseStrayOptions(givenFlags(slideChoices, args), "slide");
    return null;
  }
  const sideOf = async (): Promise<number> => args.size ?? (await projectorImageSize(args));
  const slide = await openSlide(
    path,
    { ...valuesOf(slideChoices, args), ...valuesOf(imageOptions, args) },
    sideOf,
    context
  );
  for (const note of slide.notes) printNote(`slide: ${note}`);
  return slide;
}

/**
 * @param sideOf Of a patch, in pixels. Asked once the options are found right.
 * @throws UsageError for options that a slide does not take; MedGemmaError as readSlide
 */
export async function openSlide(
  path: string,
  choices: SlideChoices & ImageOptions,
  sideOf: () => Promise<number>,
  { redaction, status, signal }: SlideContext
): Promise<Slide> {
  const { window, frame, fit, aspect } = choices;
  if (path === standardStream) throw new UsageError("--slide reads nothing from stdin. Name a file.");
  if (choices.magnification !== undefined && choices.level !== undefined)
    throw new UsageError("--magnification and --level exclude each other. Leave one out.");
  const ofImages =
    window !== undefined ? "--window" : frame !== undefined ? "--frame" : fit === "crops" ? "--fit crops" : null;
  if (ofImages !== null) throw new UsageError(`${ofImages} is for single pictures, not for a slide. Leave it out.`);
  const nameOf = (file: string): string => redaction.hide(file, "the slide");
  nameOf(path); // before anything can fail
  const side = await sideOf();
  const onProgress = ({ step, done, of }: SlideProgress): void => status.show(`${step} · ${done} of ${of}`);
  const { readSlide } = await import("../../slide/read-slide.js"); // see openModel
  return await readSlide(path, { ...pick(slideChoices, choices), side, aspect, nameOf, onProgress, signal }).finally(
    () => status.clear()
  );
}
