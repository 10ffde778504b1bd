/** How a model is loaded: the options, and the check of what a caller gives, before any file is opened. */
import { resolve } from "node:path";
import {
  abortSignal,
  anObject,
  callback,
  checkArgument,
  checkedLater,
  checkOptions,
  count,
  describe,
  eitherOf,
  name,
  orNull,
  refuseUnreadable,
  type RulesOf
} from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { gpuBackends } from "../native/backend.js";
import { choice, onOff, rulesOf, wholeNumber, type OptionsOf } from "../shared/option.js";
import type { ImageCacheOptions } from "../vision/vision-model.js";
import type { LoadOptions } from "../chat/types.js";

/** Where the model computes, and how large a conversation may be. */
export const computeOptions = {
  gpu: choice(["auto", ...gpuBackends], {
    describe: "Compute backend: auto, metal, cuda, vulkan, or off for the CPU",
    default: "auto"
  }),
  /** CPU threads. Default: by model size, physical cores, and what of them this process may use. */
  threads: wholeNumber({ min: 1, describe: "CPU threads", default: { words: "by model size and cores" } }),
  /** Tokens of a conversation: at most the model's own; where memory is short less, but not under 2048. */
  contextSize: wholeNumber({
    min: 1,
    describe: "Context size in tokens",
    default: { words: "8192, or what the images need" },
    flag: "context"
  }),
  /**
   * Guess tokens from the prompt and check several at once: sooner for answers that repeat what the prompt says (reports, JSON),
   * later for others, and otherwise the same.
   */
  promptLookup: onOff({
    describe: "Guess tokens from the prompt: faster for answers that quote it",
    default: false,
    flag: "lookup"
  })
};

/** Where the model computes, and how large a conversation may be. */
export type ComputeOptions = OptionsOf<typeof computeOptions>;

const rules: RulesOf<LoadOptions> = {
  ...rulesOf(computeOptions),
  mmproj: orNull(name),
  lora: checkedLater,
  images: count(1),
  maxTokens: count(1),
  parallel: count(1),
  imageCache: anObject,
  signal: abortSignal,
  onTrial: callback,
  onProgress: callback,
  onNote: callback
};

const cacheRules: RulesOf<ImageCacheOptions> = { maxBytes: count(0), folder: name, maxFolderBytes: count(0) };

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkLoadArguments(source: unknown, options: unknown): void {
  if (source !== undefined)
    checkArgument(
      "The model",
      source,
      eitherOf('"demo", the id of an installed model, a path, or { model, mmproj }', name, anObject)
    );
  if (anObject.holds(source)) {
    checkOptions("The parts of a model", source, { model: name, mmproj: orNull(name) });
    checkArgument("model", (source as { readonly model?: unknown }).model, name);
  }
  checkOptions("The options of loadMedGemma", options, rules);
  const { imageCache, lora } = options as LoadOptions;
  if (imageCache !== undefined) checkOptions("The options of imageCache", imageCache, cacheRules);
  if (lora !== undefined) refuseUnreadable("lora", () => checkAdapterList(lora));
}

/** @param lora As a caller without types may give it. */
function checkAdapterList(lora: unknown): void {
  const fail = (what: string): never => {
    throw new MedGemmaError("INVALID_ARGUMENT", `lora must be a list of { path, scale }, ${what}.`);
  };
  if (!Array.isArray(lora)) return fail(`but is ${describe(lora)}`);
  const seen = new Set<string>();
  for (const entry of lora as readonly ({ readonly path?: unknown; readonly scale?: unknown } | null)[]) {
    const { path, scale = 1 } = entry ?? {};
    if (typeof path !== "string" || path === "") return fail(`but a path is ${describe(path)}`);
    if (typeof scale !== "number" || !(Math.abs(scale) <= 10))
      fail(`the scale a number from -10 to 10, but ${path} has ${String(scale)}`);
    // llama.cpp would take one of the two scales.
    if (seen.has(resolve(path)))
      fail(`each file once, but ${path} is given twice; give it once, with the sum of the scales`);
    seen.add(resolve(path));
  }
}
