/** Texts and images of a question → what the model sees of it, with room made in the context before anything slow begins. */
import { squaresOf } from "../image/types.js";
import { imagesOf, type StoredPart } from "./content.js";
import type { Conversation, Turn } from "./conversation.js";
import { describeEncoded, encodeAgain, encodeImages, type ModelParts } from "./encode-images.js";
import type { Question } from "./question.js";
import { squaresAtLeast } from "./question-parts.js";
import { beginningOfPrompt, whileReading } from "./read-ahead.js";
import type { AnswerImage, PromptPart } from "./types.js";

/** What the model sees of a question, and what it took to make it. */
export interface Shown {
  readonly content: readonly StoredPart[];
  readonly report: readonly AnswerImage[];
  /** Milliseconds spent on images of earlier turns. */
  readonly earlierEncodeMs: number;
  /** Tokens that the context held before anything was read ahead; null where nothing was. */
  readonly reusedTokens: number | null;
}

export const nothingShown: Shown = { content: [], report: [], earlierEncodeMs: 0, reusedTokens: null };

/** @throws MedGemmaError CONTEXT_FULL before an image is encoded; as `encodeImages`; ABORTED */
export async function encodeQuestion(
  model: ModelParts,
  conversation: Conversation,
  {
    question,
    parts,
    signal
  }: { readonly question: Question; readonly parts: readonly PromptPart[]; readonly signal: AbortSignal }
): Promise<Shown> {
  const { fit, aspect, window, frame, onProgress } = question.options;
  const sources = parts.flatMap((part) => (typeof part === "string" ? [] : [part.image]));

  // Counted by what is known of the images, and again when one turns out to have crops.
  const squares = sources.map((source) => squaresAtLeast(source, fit));
  const makeRoom = async () => {
    const counts = squares.values();
    const counted = parts.map((part) => (typeof part === "string" ? part : { squares: counts.next().value ?? 1 }));
    await conversation.makeRoom(question, counted, signal);
  };
  await makeRoom();

  const earlier = await encodeEarlier(model, conversation, { question, content: [], others: sources.length, signal });
  const beginning = await beginningOfPrompt(conversation, question, parts, signal);
  const { result: encoded, reusedTokens } = await whileReading(model.language, beginning, signal, async () =>
    encodeImages(model, sources, {
      fit,
      aspect,
      window,
      frame,
      signal,
      onProgress: (progress) =>
        onProgress?.(
          progress.stage === "encode"
            ? { ...progress, image: earlier.images + progress.image, images: earlier.images + progress.images }
            : progress
        ),
      onPrepared: async (image, index) => {
        const all = squaresOf(image).length;
        if (all === squares[index]) return;
        squares[index] = all;
        await makeRoom();
      }
    })
  );
  for (const { image, result } of encoded.flatMap((whole) => [whole, ...whole.crops]))
    conversation.images.add(image, result.tokens);
  const images = encoded.values();
  return {
    content: parts.flatMap((part): StoredPart[] => {
      const image = typeof part === "string" ? part : images.next().value?.image;
      return image === undefined ? [] : [image];
    }),
    report: encoded.map(describeEncoded),
    earlierEncodeMs: earlier.encodeMs,
    reusedTokens
  };
}

/** The question of a turn as it was shown. */
export function shownBefore({ content, report }: Turn): Shown {
  return { ...nothingShown, content, report: report.map((image) => ({ ...image, encodeMs: 0, cached: true })) };
}

/** What was shown before, shown again. @throws MedGemmaError CONTEXT_FULL, ABORTED */
export async function encodeTurnAgain(
  model: ModelParts,
  conversation: Conversation,
  { question, turn, signal }: { readonly question: Question; readonly turn: Turn; readonly signal: AbortSignal }
): Promise<Shown> {
  await conversation.makeRoom(question, turn.counted.parts, signal);
  const { content } = turn;
  const { encodeMs } = await encodeEarlier(model, conversation, { question, content, others: 0, signal });
  return { ...shownBefore(turn), earlierEncodeMs: encodeMs };
}

interface Earlier {
  readonly question: Question;
  /** Of the question, as far as it was shown before. */
  readonly content: readonly StoredPart[];
  /** Images that the question shows for the first time: they count in the progress. */
  readonly others: number;
  readonly signal: AbortSignal;
}

/** A saved or forked conversation brings pixels; their tokens are made when they are first sent. @returns how many images there were */
async function encodeEarlier(
  { vision }: ModelParts,
  conversation: Conversation,
  { question, content, others, signal }: Earlier
): Promise<{ readonly images: number; readonly encodeMs: number }> {
  let [images, encodeMs] = [0, 0];
  if (vision === null) return { images, encodeMs };
  const all = [...conversation.sentTurns, { content }].flatMap((turn) => imagesOf(turn.content));
  for (;;) {
    const unknown = all.filter((image) => !conversation.images.hasAllOf(image));
    // The same image cut differently has other crops, which the next round finds.
    const next = [...new Map(unknown.map((image) => [image.sha256, image])).values()];
    if (next.length === 0) return { images, encodeMs };
    for (const [index, image] of next.entries()) {
      const place = { image: images + index + 1, images: images + next.length + others };
      for (const { square, result } of await encodeAgain(vision, image, { signal, ...progressOf(question, place) })) {
        conversation.images.add(square, result.tokens);
        encodeMs += result.encodeMs;
      }
    }
    images += next.length;
  }
}

function progressOf(
  { options: { onProgress } }: Question,
  place: { readonly image: number; readonly images: number }
): Pick<Parameters<typeof encodeAgain>[2], "onLayer" | "onWaiting"> {
  return {
    onLayer: (layer, layers) => onProgress?.({ stage: "encode", ...place, layer, layers }),
    onWaiting: () => onProgress?.({ stage: "waiting" })
  };
}
