/** A recorded question, as it is asked again: its images are read as they were read before. */
import {
  anObject,
  checkArgument,
  checkedLater,
  checkOptions,
  count,
  flag,
  isObject,
  listOf,
  orNull,
  refuseUnreadable,
  text,
  type Rule,
  type RulesOf
} from "../shared/check-arguments.js";
import { abortedError, MedGemmaError } from "../errors.js";
import { checkImageSource } from "../image/check-source.js";
import { imageOptions } from "../image/image-options.js";
import { prepareImage } from "../image/prepare.js";
import type { PlainImageSource, SquareImage } from "../image/types.js";
import { rulesOf } from "../shared/option.js";
import { readSeries } from "../series/read-series.js";
import { imagesOfSlide } from "../slide/images-of-slide.js";
import { readSlide } from "../slide/read-slide.js";
import { answerOptions } from "./answer-options.js";
import { askOptions } from "./ask-options.js";
import type { StoredPart } from "./content.js";
import type { AppliedOptions } from "./question-parts.js";
import type { AnswerRequest, PromptPart, RepeatOptions, RequestImage } from "./types.js";

const listOfParts: Rule = { expected: "a list of texts and { image }", holds: Array.isArray };

const requestRules: RulesOf<AnswerRequest> = {
  raw: flag,
  system: orNull(text),
  prompt: listOfParts,
  images: listOf(anObject),
  preset: orNull(text),
  series: orNull(anObject),
  slide: orNull(anObject),
  think: flag,
  schema: orNull(anObject),
  sampling: anObject
};

const imageRules: RulesOf<RequestImage> = {
  ...rulesOf({ fit: imageOptions.fit, aspect: imageOptions.aspect }),
  source: text,
  window: orNull(imageOptions.window.rule),
  frame: orNull(imageOptions.frame.rule)
};

const { seed, thoughtBudget, think: _think, ...others } = rulesOf(answerOptions);
const samplingRules: RulesOf<AnswerRequest["sampling"]> = {
  ...others,
  seed: orNull(seed),
  thoughtBudget: orNull(thoughtBudget)
};

const repeatRules: RulesOf<RepeatOptions> = {
  images: listOf(checkedLater),
  signal: askOptions.signal,
  onProgress: askOptions.onProgress,
  boxes: askOptions.boxes,
  logprobs: askOptions.logprobs,
  priority: askOptions.priority
};

/** Told from texts, images and lists of them. What cannot be read is no request; the check of a prompt says why. */
export function isRequest(prompt: unknown): prompt is AnswerRequest {
  try {
    return isObject(prompt) && "prompt" in prompt;
  } catch {
    return false;
  }
}

/** A request may come from a file. @throws MedGemmaError INVALID_ARGUMENT */
export function checkRequest(request: unknown): void {
  checkWhole("The request", request, requestRules);
  const { prompt, images, sampling } = request as AnswerRequest;
  checkWhole("The sampling of the request", sampling, samplingRules);
  refuseUnreadable("The request", () => {
    for (const [index, image] of images.entries()) checkWhole(`images[${index}] of the request`, image, imageRules);
    for (const [index, part] of prompt.entries()) checkPart(part, index, images.length);
    const shown = prompt.flatMap((part) => (typeof part === "string" ? [] : [part.image]));
    const isInOrder = shown.length === images.length && shown.every((image, index) => image === index);
    if (!isInOrder)
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        `The prompt of the request must show each of its ${images.length} images once, in order.`
      );
  });
}

/** With every name that a request has: what is left out of a record would be asked with another default. */
function checkWhole(what: string, value: unknown, rules: Readonly<Record<string, Rule>>): void {
  checkArgument(what, value, anObject);
  checkOptions(`The parts of ${lowerFirst(what)}`, value, rules);
  const missing = Object.keys(rules).find((each) => (value as Readonly<Record<string, unknown>>)[each] === undefined);
  if (missing !== undefined)
    throw new MedGemmaError("INVALID_ARGUMENT", `${what} has no "${missing}". Give it whole, as the answer had it.`);
}

function lowerFirst(sentence: string): string {
  return sentence.replace(/^The/, "the");
}

function checkPart(part: unknown, index: number, images: number): void {
  if (typeof part === "string") return;
  const expected =
    images === 0 ? "a text: the request has no images" : `a text, or { image } with a number from 0 to ${images - 1}`;
  checkArgument(`Part ${index} of the request's prompt`, part, {
    expected,
    holds: (value) => isObject(value) && count(0, images - 1).holds(value.image)
  });
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkRepeatOptions({ images: recorded }: AnswerRequest, options: unknown): void {
  checkOptions("The options of a repeated question", options, repeatRules);
  const { images } = options as RepeatOptions;
  if (images === undefined) return;
  refuseUnreadable("images", () => {
    for (const [index, image] of images.entries()) checkImageSource(image, `images[${index}]`);
  });
  if (images.length !== recorded.length)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The request shows ${recorded.length} images, but ${images.length} are given. Give one for each.`
    );
}

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
