/** What the sampler can be told. */
import { decimal, wholeNumber, type SettingsOf } from "../../shared/option.js";

/**
 * In llama.cpp's names. Defaults: greedy decoding, which is what Google evaluates with; the others are those of Gemma 3
 * (generation_config.json), and change nothing without a temperature.
 */
export const samplerOptions = {
  temperature: decimal({ min: 0, max: 10, describe: "0 always picks the likeliest token", default: 0 }),
  topK: wholeNumber({
    min: 0,
    describe: "With a temperature: only so many of the likeliest tokens, 0 for all",
    default: 64
  }),
  topP: decimal({
    min: 0,
    max: 1,
    describe: "With a temperature: only the likeliest tokens that together have this probability",
    default: 0.95
  }),
  minP: decimal({
    min: 0,
    max: 1,
    describe: "With a temperature: no token below this part of the likeliest one's probability",
    default: 0
  }),
  repeatPenalty: decimal({
    min: 0.1,
    max: 10,
    describe: "Above 1, tokens among the last 64 become less likely",
    default: 1
  })
};

/** What the sampler got. */
export type SamplerSettings = SettingsOf<typeof samplerOptions>;
