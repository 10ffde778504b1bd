/** A recorded question, as it is asked again: its images are read as they were read before. */
import { abortedError, MedGemmaError } from "../errors.js";
import { prepareImage } from "../image/prepare.js";
import type { PlainImageSource, SquareImage } from "../image/types.js";
import { readSeries } from "../series/read-series.js";
import { imagesOfSlide } from "../slide/images-of-slide.js";
import { readSlide } from "../slide/read-slide.js";
import type { StoredPart } from "./content.js";
import type { AppliedOptions } from "./question-parts.js";
import type { AnswerRequest, PromptPart, RepeatOptions, RequestImage } from "./types.js";

/** What an answer records of the images of its question. */
export function requestImages(content: readonly StoredPart[]): RequestImage[] {
  return content
    .filter((part) => typeof part !== "string")
    .map(({ source, fit, preprocessing }) => ({
      source,
      fit,
      aspect: preprocessing?.aspect ?? true,
      window: preprocessing?.window?.asked ?? null,
      frame: preprocessing?.frame ?? null
    }));
}

/** All but the images, which `partsOfRequest` prepares. */
export function optionsOfRequest(
  { raw, preset, series, slide, think, schema, sampling }: AnswerRequest,
  { signal, onProgress, boxes, logprobs, priority }: RepeatOptions
): AppliedOptions {
  const { seed: drawn, thoughtBudget: budget, ...same } = sampling;
  return {
    ...same,
    seed: drawn ?? undefined,
    thoughtBudget: budget ?? undefined,
    raw,
    think,
    preset: preset ?? undefined,
    series: series ?? undefined,
    slide: slide ?? undefined,
    schema: schema ?? undefined,
    boxes,
    logprobs,
    priority,
    signal,
    onProgress
  };
}

/**
 * Texts and images in the order that the model sees them.
 *
 * @param options.side Of the square that the tower sees.
 * @throws MedGemmaError as `decodeImage`, `readSeries` and `readSlide`; INVALID_ARGUMENT when a series or slide gives another number
 *   of images than were shown
 */
export async function partsOfRequest(
  request: AnswerRequest,
  options: {
    readonly images: readonly PlainImageSource[] | undefined;
    readonly side: number;
    readonly signal: AbortSignal;
  }
): Promise<PromptPart[]> {
  const { side, signal } = options;
  const sources = options.images ?? (await sourcesOf(request, side, signal));
  const parts: PromptPart[] = [];
  for (const part of request.prompt) {
    parts.push(
      typeof part === "string" ? part : { image: await prepare(sources[part.image], request.images[part.image], side) }
    );
    if (signal.aborted) throw abortedError("Reading the images", signal);
  }
  return parts;
}

async function prepare(
  source: PlainImageSource | undefined,
  shown: RequestImage | undefined,
  side: number
): Promise<SquareImage> {
  if (source === undefined || shown === undefined)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "The prompt of the request shows an image that the request does not have."
    );
  const { fit, aspect, window, frame } = shown;
  // Pixels that are decoded already were rendered before.
  const rendering =
    typeof source === "object" && "rgb" in source ? {} : { window: window ?? undefined, frame: frame ?? undefined };
  return await prepareImage(source, { side, fit, aspect, ...rendering });
}

async function sourcesOf(
  request: AnswerRequest,
  side: number,
  signal: AbortSignal
): Promise<readonly PlainImageSource[]> {
  const { series, slide, images } = request;
  if (series === null && slide === null) return images.map(({ source }) => pathOf(source));
  const shown =
    series !== null ? await slicesOf(series, signal) : slide !== null ? await patchesOf(slide, side, signal) : [];
  if (shown.length === images.length) return shown;
  const what = series === null ? "slide" : "series";
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `The question showed ${images.length} images, but its ${what} has ${shown.length} to show now. Give the images themselves.`
  );
}

async function slicesOf({ source, asked }: NonNullable<AnswerRequest["series"]>, signal: AbortSignal) {
  const { slices, index, volume, join, recipe, modality, window } = asked;
  const given = {
    index: index ?? undefined,
    volume: volume ?? undefined,
    recipe: recipe ?? undefined,
    modality: modality ?? undefined,
    window: window ?? undefined
  };
  return (await readSeries(source, { slices, join, ...given, signal })).slices;
}

async function patchesOf({ source, asked }: NonNullable<AnswerRequest["slide"]>, side: number, signal: AbortSignal) {
  const { magnification, level, patches, overview, aspect } = asked;
  const slide = await readSlide(source, {
    side,
    patches,
    overview,
    aspect,
    magnification: magnification ?? undefined,
    level: level ?? undefined,
    signal
  });
  return imagesOfSlide(slide);
}

/** A record names files; bytes have no name under which they could be found. */
function pathOf(source: string): string {
  if (!/^\((?:bytes|data URL)\)$/.test(source)) return source;
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `An image of this question was given as ${source === "(bytes)" ? "bytes" : "a data URL"}, which the record does not hold. Give the images of the question again.`
  );
}
