/** How an answer is made: the options of every question besides what it shows. */
import { decimal, onOff, texts, wholeNumber, type OptionsOf } from "../shared/option.js";

/**
 * What the sampler gets, in llama.cpp's names. Defaults: greedy decoding, which is what Google evaluates with; the others are those
 * of Gemma 3 (generation_config.json), and change nothing without a temperature.
 */
export const samplerOptions = {
  temperature: decimal({ min: 0, max: 10, describe: "0 always picks the likeliest token", default: 0 }),
  topK: wholeNumber({ min: 0, describe: "With a temperature: only so many of the likeliest tokens, 0 for all", default: 64 }),
  topP: decimal({ min: 0, max: 1, describe: "With a temperature: only the likeliest tokens that together have this probability", default: 0.95 }),
  minP: decimal({ min: 0, max: 1, describe: "With a temperature: no token below this part of the likeliest one's probability", default: 0 }),
  repeatPenalty: decimal({ min: 0.1, max: 10, describe: "Above 1, tokens among the last 64 become less likely", default: 1 })
};

export const answerOptions = {
  /** Longest answer in tokens, the thought included; never more than the context has left. */
  maxTokens: wholeNumber({ min: 1, describe: "Longest answer in tokens", default: { words: "1024, with {think} 2048" } }),
  ...samplerOptions,
  /** Seed of the sampler, for a temperature above 0. Default: a random one, which `Answer.request` tells. */
  seed: wholeNumber({ min: 0, max: 2 ** 32 - 1, describe: "Random seed, for a temperature above 0", default: { words: "random" } }),
  /** Texts at which the answer ends; the text itself is left out. Not searched for in a thought. */
  stop: texts({ describe: "Text at which the answer ends; it is left out" }),
  /** Ask the model to think before it answers. The thought is reported apart from the text. */
  think: onOff({ describe: "Let the model think before it answers", default: false }),
  /** Tokens of a thought after which it is closed by force; with a schema by default half of `maxTokens`. */
  thoughtBudget: wholeNumber({ min: 0, describe: "Longest thought in tokens", default: { words: "none" } })
};

/** How an answer is made. */
export type AnswerOptions = OptionsOf<typeof answerOptions>;
