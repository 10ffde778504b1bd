/** Checks what a caller gives to a loaded model and its chats, before any work begins. */
import {
  abortSignal,
  anObject,
  callback,
  checkArgument,
  checkedLater,
  checkOptions,
  count,
  eitherOf,
  flag,
  isObject,
  isPlain,
  name,
  number,
  oneOf,
  orNull,
  refuseUnreadable,
  text,
  withProperties,
  type Rule,
  type RulesOf
} from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { checkImageSource } from "../image/check-source.js";
import { imageOptions } from "../image/image-options.js";
import { rulesOf } from "../shared/option.js";
import { isStandardSchema } from "../language/schema/standard-schema.js";
import { checkPreset } from "../presets/preset.js";
import { answerOptions } from "./answer-options.js";
import type { EncodeOptions } from "./encode-images.js";
import type { AskOptions, ChatOptions, LoadChatOptions } from "./types.js";

const list: Rule = { expected: "a list of images: paths, URLs or bytes", holds: Array.isArray };
const schema: Rule = {
  expected: "a JSON schema object, or a schema of zod or the like",
  holds: (value) => isPlain(value) || isStandardSchema(value)
};

const encodeOptions: RulesOf<EncodeOptions> = {
  ...rulesOf(imageOptions),
  signal: abortSignal,
  onProgress: callback
};

export const askOptions: RulesOf<AskOptions> = {
  ...encodeOptions,
  ...rulesOf(answerOptions),
  images: list,
  priors: list,
  raw: flag,
  schema,
  boxes: flag,
  logprobs: count(0, 20),
  priority: number(-1000, 1000),
  preset: eitherOf("what loadPreset gives, or a name", text, anObject),
  series: withProperties("what readSeries gives", [
    "source",
    "taken",
    "of",
    "numbers",
    "order",
    "leftOut",
    "gaps",
    "asked",
    "notes"
  ]),
  slide: withProperties("what readSlide gives", [
    "source",
    "asked",
    "taken",
    "of",
    "grid",
    "numbers",
    "positions",
    "side",
    "notes"
  ])
};

const chatOptions: RulesOf<ChatOptions> = {
  system: orNull(text),
  turns: checkedLater,
  overflow: oneOf(["dropOldest", "error"])
};

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkAskOptions(prompt: unknown, options: unknown): void {
  checkOptions("The options of a question", options, askOptions);
  const { images, preset, priors, series, slide, schema: shape, stop } = options as AskOptions;
  if (typeof preset === "object") checkPreset(preset);
  refuseUnreadable("The prompt", () => checkPrompt(prompt));
  checkImages(images ?? []);
  if (shape !== undefined && stop !== undefined && stop.length > 0)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "A schema says where the answer ends, so stop would cut it. Leave one out."
    );
  if (priors !== undefined && priors.length > 0 && (series !== undefined || slide !== undefined))
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "Images of earlier studies stand beside single images, not beside a series or a slide. Leave one out."
    );
  if (series !== undefined && slide !== undefined)
    throw new MedGemmaError("INVALID_ARGUMENT", "A question is about a series or a slide, not both. Leave one out.");
}

function readable(what: string, options: unknown): AskOptions & Pick<ChatOptions, "system"> {
  checkArgument(what, options, { expected: "a plain object", holds: isPlain });
  let copy: AskOptions & Pick<ChatOptions, "system"> = {};
  refuseUnreadable(what, () => {
    copy = { ...(options as object) };
  });
  return copy;
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkCountArguments(prompt: unknown, options: unknown): AskOptions & Pick<ChatOptions, "system"> {
  const { system, ...asked } = readable("The options of countTokens", options);
  checkChatOptions({ system });
  checkAskOptions(prompt, asked);
  return { system, ...asked };
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkRegenerateOptions(options: unknown): void {
  const rules = Object.entries(askOptions).filter(
    ([each]) => each !== "images" && each !== "priors" && !Object.hasOwn(imageOptions, each)
  );
  checkOptions("The options of regenerate", options, Object.fromEntries(rules));
  const { preset } = options as AskOptions;
  if (typeof preset === "object") checkPreset(preset);
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkChatOptions(options: unknown): void {
  checkOptions("The options of createChat", options, chatOptions);
}

const loadChatOptions: RulesOf<LoadChatOptions> = { signal: abortSignal };

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkLoadChatOptions(options: unknown): void {
  checkOptions("The options of loadChat", options, loadChatOptions);
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkEncodeArguments(images: unknown, options: unknown): void {
  checkArgument("images", images, list);
  checkOptions("The options of encode", options, encodeOptions);
  checkImages(images as readonly unknown[]);
}

function checkImages(images: readonly unknown[]): void {
  refuseUnreadable("images", () => {
    for (const [index, image] of [...images].entries()) checkImageSource(image, `images[${index}]`);
  });
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkPath(path: unknown): void {
  checkArgument("The path", path, name);
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkPrompt(prompt: unknown): void {
  if (typeof prompt === "string") return;
  checkArgument("The prompt", prompt, {
    expected: "a string, or a list of strings and { image }",
    holds: Array.isArray
  });
  for (const [index, part] of [...(prompt as readonly unknown[])].entries()) {
    if (typeof part === "string") continue;
    const isPart = isObject(part) && Object.keys(part).every((key) => key === "image") && Object.hasOwn(part, "image");
    if (isObject(part) && (part.type === "text" || part.type === "image_url" || "image_url" in part)) {
      const right =
        part.type === "text" ? "a text is a string of its own" : 'an image is { image: "data:image/png;base64,…" }';
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        `Part ${index} of the prompt is written as for OpenAI's programs; here ${right}.`
      );
    }
    checkArgument(`Part ${index} of the prompt`, part, { expected: "a string or { image }", holds: () => isPart });
    checkImageSource((part as { readonly image: unknown }).image, `The image of part ${index}`);
  }
}
