/** How an answer is made: the options of every question besides what it shows. */
import { samplerOptions } from "../language/host/sampler-options.js";
import { onOff, texts, wholeNumber, type OptionsOf } from "../shared/option.js";

export const answerOptions = {
  /** Longest answer in tokens, the thought included; never more than the context has left. */
  maxTokens: wholeNumber({
    min: 1,
    describe: "Longest answer in tokens",
    default: { words: "1024, with {think} 2048" }
  }),
  ...samplerOptions,
  /** Seed of the sampler, for a temperature above 0. Default: a random one, which `Answer.request` tells. */
  seed: wholeNumber({
    min: 0,
    max: 2 ** 32 - 1,
    describe: "Random seed, for a temperature above 0",
    default: { words: "random" }
  }),
  /** Texts at which the answer ends; the text itself is left out. Not searched for in a thought. */
  stop: texts({ describe: "Text at which the answer ends; it is left out" }),
  /** Ask the model to think before it answers. The thought is reported apart from the text. */
  think: onOff({ describe: "Let the model think before it answers", default: false }),
  /** Tokens of a thought after which it is closed by force; with a schema by default half of `maxTokens`. */
  thoughtBudget: wholeNumber({ min: 0, describe: "Longest thought in tokens", default: { words: "none" } })
};

/** How an answer is made. */
export type AnswerOptions = OptionsOf<typeof answerOptions>;
