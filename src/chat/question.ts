/** A question as it is answered: its options with every default, and what is recorded of it. */
import { randomInt } from "node:crypto";
import { MedGemmaError } from "../errors.js";
import { samplerOptions } from "../language/host/sampler-options.js";
import { summaryOf } from "../series/summary.js";
import type { SeriesSummary } from "../series/types.js";
import { pick, withDefaults } from "../shared/option.js";
import { summaryOfSlide } from "../slide/summary.js";
import type { SlideSummary } from "../slide/types.js";
import { requestImages } from "./answer-request.js";
import type { StoredPart } from "./content.js";
import type { CountedPart, CountedTurn } from "./conversation-prompt.js";
import type { AppliedOptions } from "./question-parts.js";
import { systemText } from "./system-text.js";
import type { AnswerRequest, AskOptions } from "./types.js";

/** Google's usual limits: up to 1000 tokens for text, 2000 with thinking (medgemma notebooks). */
const defaultMaxTokens = { plain: 1024, thinking: 2048 };

export interface Question {
  readonly options: AppliedOptions;
  readonly system: string | null;
  /** The system text as the model reads it, with the sentence that asks for a thought. */
  readonly opening: string | null;
  /** Sent without the chat template. */
  readonly isRaw: boolean;
  readonly sampling: AnswerRequest["sampling"];
  readonly series: SeriesSummary | null;
  readonly slide: SlideSummary | null;
}

/** @param defaults.isRaw What the model wants: true for the pre-trained variant. */
export function questionOf(
  options: AppliedOptions,
  { system, isRaw }: { readonly system: string | null; readonly isRaw: boolean }
): Question {
  return {
    options,
    system,
    opening: systemText(system, options.think),
    isRaw: options.raw ?? isRaw,
    sampling: samplingOf(options),
    series: options.series === undefined ? null : summaryOf(options.series),
    slide: options.slide === undefined ? null : summaryOfSlide(options.slide)
  };
}

/** @throws MedGemmaError INVALID_ARGUMENT for what a raw question would leave out without a word */
export function ensureStandsAlone(
  { isRaw, system, options }: Question,
  turns: readonly { readonly isRaw: boolean }[]
): void {
  const fail = (what: string): never => {
    throw new MedGemmaError("INVALID_ARGUMENT", `A raw question is the whole prompt, ${what}.`);
  };
  if (turns.some((turn) => isRaw || turn.isRaw))
    fail("so it cannot be part of a conversation. Ask it, and the next question, in new chats");
  if (isRaw && system !== null && system !== "") fail("so it has no system text. Put it in front of the question");
  if (isRaw && options.think === true) fail("so it has no thought. Leave think out");
}

/** As the last turn of a prompt. */
export function countedQuestion({ isRaw }: Question, parts: readonly CountedPart[]): CountedTurn {
  return { parts, answer: null, isRaw };
}

/** @param schema As JSON schema. */
export function requestOf(
  { options, system, isRaw, sampling, series, slide }: Question,
  content: readonly StoredPart[],
  schema: object | null
): AnswerRequest {
  let images = 0;
  return {
    raw: isRaw,
    system,
    prompt: content.map((part) => (typeof part === "string" ? part : { image: images++ })),
    images: requestImages(content),
    preset: options.preset ?? null,
    series,
    slide,
    think: options.think ?? false,
    schema,
    sampling
  };
}

function samplingOf(options: AskOptions): AnswerRequest["sampling"] {
  const { think = false, seed, schema, stop = [], thoughtBudget } = options;
  const sampler = withDefaults(samplerOptions, pick(samplerOptions, options));
  const maxTokens = options.maxTokens ?? (think ? defaultMaxTokens.thinking : defaultMaxTokens.plain);
  return {
    ...sampler,
    seed: sampler.temperature === 0 ? null : (seed ?? randomInt(2 ** 32)),
    stop,
    maxTokens,
    // A thought without end would leave no room for the object.
    thoughtBudget: thoughtBudget ?? (think && schema !== undefined ? Math.ceil(maxTokens / 2) : null)
  };
}
