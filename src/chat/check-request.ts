/** Checks of a recorded question, which may come from a file. */
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
import { MedGemmaError } from "../errors.js";
import { checkImageSource } from "../image/check-source.js";
import { imageOptions } from "../image/image-options.js";
import { rulesOf } from "../shared/option.js";
import { answerOptions } from "./answer-options.js";
import { askOptions } from "./ask-options.js";
import type { AnswerRequest, RepeatOptions, RequestImage } from "./types.js";

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

/** @throws MedGemmaError INVALID_ARGUMENT */
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
