/** What stands in front of the first image is read by the language model while that image is encoded. */
import type { LanguageModel } from "../language/language-model.js";
import { imagesOf } from "./content.js";
import type { Conversation } from "./conversation.js";
import type { PromptTokens } from "./conversation-prompt.js";
import type { Question } from "./question.js";
import type { PromptPart } from "./types.js";

/** @returns null where nothing can be read ahead: without an image, or while earlier images are not encoded */
export async function beginningOfPrompt(
  conversation: Conversation,
  question: Question,
  parts: readonly PromptPart[],
  signal: AbortSignal
): Promise<PromptTokens | null> {
  const first = parts.findIndex((part) => typeof part !== "string");
  const isKnown = conversation.sentTurns
    .flatMap(({ content }) => imagesOf(content))
    .every((image) => conversation.images.hasAllOf(image));
  if (first < 0 || !isKnown) return null;
  const texts = parts.slice(0, first).filter((part) => typeof part === "string");
  return await conversation.promptBeforeImage(question, texts, signal);
}

/** @returns with `reusedTokens`, how many tokens the context held before; null where nothing was read */
export async function whileReading<Result>(
  language: LanguageModel,
  beginning: PromptTokens | null,
  signal: AbortSignal,
  encode: () => Promise<Result>
): Promise<{ readonly result: Result; readonly reusedTokens: number | null }> {
  // Close to the end of the context the oldest turns may have to go first.
  if (beginning === null || beginning.length > language.contextSize / 2)
    return { result: await encode(), reusedTokens: null };
  const stop = new AbortController();
  const reading = language.readAhead(beginning, AbortSignal.any([stop.signal, signal]));
  try {
    const [result, reusedTokens] = await Promise.all([encode(), reading]);
    return { result, reusedTokens };
  } finally {
    stop.abort();
    await reading.catch(() => undefined);
  }
}
