/** Checks what a caller gives to `createChat` and `ask`, before any work begins. */
import { checkFrameChoice, checkWindowChoice } from "../dicom/window-choice.js";
import { MedGemmaError } from "../errors.js";
import { imageFits } from "../image/types.js";
import { isStandardSchema } from "../language/standard-schema.js";
import type { AskOptions, ChatOptions } from "./types.js";

/**
 * The types are promises that JavaScript need not keep, so everything is looked at.
 *
 * @throws MedGemmaError INVALID_ARGUMENT
 */
export function checkAskOptions(prompt: unknown, options: { readonly [Name in keyof AskOptions]: unknown }): void {
  const { images, fit, aspect, window, frame, maxTokens, thoughtBudget, temperature, seed, schema, preset, series, slide, boxes } = options;
  check(typeof prompt === "string" || (Array.isArray(prompt) && prompt.every(isPart)), "The prompt", "a string, or a list of strings and {image}", prompt);
  check(images === undefined || Array.isArray(images), "images", "a list of paths, URLs or bytes", images);
  check(fit === undefined || imageFits.some((one) => one === fit), "fit", imageFits.join(" or "), fit);
  check(aspect === undefined || typeof aspect === "boolean", "aspect", "true or false", aspect);
  checkWindowChoice(window);
  checkFrameChoice(frame);
  check(isCount(maxTokens, 1), "maxTokens", "a whole number from 1", maxTokens);
  check(isCount(thoughtBudget, 0), "thoughtBudget", "a whole number from 0", thoughtBudget);
  check(isCount(seed, 0, 2 ** 32 - 1), "seed", "a whole number from 0 to 4294967295", seed);
  check(temperature === undefined || isBetween(temperature, 0, 10), "temperature", "a number from 0 to 10", temperature);
  check(schema === undefined || (typeof schema === "object" && schema !== null) || isStandardSchema(schema), "schema", "a JSON schema object, or a schema of zod or the like", schema);
  check(preset === undefined || typeof preset === "string", "preset", "a string", preset);
  check(series === undefined || (typeof series === "object" && series !== null && "numbers" in series), "series", "what readSeries gives", series);
  check(slide === undefined || (typeof slide === "object" && slide !== null && "positions" in slide), "slide", "what readSlide gives", slide);
  check(boxes === undefined || typeof boxes === "boolean", "boxes", "true or false", boxes);
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkChatOptions({ system, overflow }: { readonly [Name in keyof ChatOptions]: unknown }): void {
  check(system === undefined || typeof system === "string", "system", "a string", system);
  check(overflow === undefined || overflow === "dropOldest" || overflow === "error", "overflow", '"dropOldest" or "error"', overflow);
}

function isPart(part: unknown): boolean {
  return typeof part === "string" || (typeof part === "object" && part !== null && "image" in part);
}

function isCount(value: unknown, least: number, most = Infinity): boolean {
  return value === undefined || (Number.isSafeInteger(value) && isBetween(value, least, most));
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function check(holds: boolean, name: string, expected: string, found: unknown): void {
  if (holds) return;
  const isShort = typeof found === "string" || typeof found === "number" || typeof found === "boolean";
  throw new MedGemmaError("INVALID_ARGUMENT", `${name} must be ${expected}, but is ${isShort ? String(found) : typeof found}.`);
}
