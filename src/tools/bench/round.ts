/** One round of measurements on a loaded model: an image, a prompt with what follows it, and a question about an image. */
import type { ModelParts } from "../../chat/encode-images.js";
import type { MedGemma } from "../../chat/medgemma.js";
import type { PromptIds } from "../../chat/transcript.js";
import { abortedError } from "../../errors.js";
import type { DecodedImage } from "../../image/types.js";
import type { LanguageModel } from "../../language/language-model.js";
import { noise } from "./noise.js";

export interface Round {
  /** null without a projector, as is `firstAnswerMs`. */
  readonly encodeMs: number | null;
  readonly promptTokensPerSecond: number;
  readonly generationTokensPerSecond: number;
  readonly firstAnswerMs: number | null;
}

export interface RoundOptions {
  /** No two rounds may have the same: caches would answer. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the part of the step that is done, 0 to 1. */
  readonly onProgress: (stage: "encode" | "text" | "answer", done: number) => void;
}

/** The prompt fills a usual batch of llama.cpp. */
const tokenCounts = { prompt: 512, generated: 64 };

/** @throws MedGemmaError ABORTED; as `MedGemma.encode` and `Chat.ask` */
export async function measureRound(
  medgemma: MedGemma,
  { language }: ModelParts,
  options: RoundOptions
): Promise<Round> {
  const { imageSize } = medgemma;
  const encodeMs =
    imageSize === null ? null : await timeEncoding(medgemma, noisePicture(2 * options.seed, imageSize), options);
  const text = await timeText(language, options);
  const firstAnswerMs =
    imageSize === null ? null : await timeFirstAnswer(medgemma, noisePicture(2 * options.seed + 1, imageSize), options);
  return { encodeMs, ...text, firstAnswerMs };
}

/** Half of a small context stays free for what is generated. */
export function promptLength({ contextSize }: Pick<LanguageModel, "contextSize">): number {
  return Math.min(tokenCounts.prompt, Math.floor(contextSize / 2));
}

async function timeEncoding(
  medgemma: MedGemma,
  picture: DecodedImage,
  { signal, onProgress }: RoundOptions
): Promise<number> {
  onProgress("encode", 0);
  const [encoded] = await medgemma.encode([picture], {
    signal,
    onProgress: (progress) => {
      if (progress.stage === "encode") onProgress("encode", progress.layer / progress.layers);
    }
  });
  return encoded?.encodeMs ?? 0;
}

async function timeText(
  language: LanguageModel,
  { seed, signal, onProgress }: RoundOptions
): Promise<Pick<Round, "promptTokensPerSecond" | "generationTokensPerSecond">> {
  onProgress("text", 0);
  const prompt = noisePrompt(language, seed);
  const made: PromptIds = [];
  const times: number[] = [];
  let reused = 0;
  const started = performance.now();
  while (made.length < tokenCounts.generated) {
    const before = made.length;
    const events = language.generate([...prompt, ...made], {
      maxTokens: tokenCounts.generated - before,
      temperature: 0,
      signal
    });
    for await (const event of events) {
      if (event.type === "prefilled" && before === 0) reused = event.reusedTokens;
      if (event.type !== "token") continue;
      times.push(performance.now());
      made.push(event.token);
    }
    // After an end mark the model goes on behind it, but not in a full context.
    if (made.length === before) break;
  }
  throwIfAborted(signal);
  const [first = Number.NaN] = times;
  const last = times.at(-1) ?? Number.NaN;
  return {
    promptTokensPerSecond: ((prompt.length - reused) * 1000) / (first - started),
    generationTokensPerSecond: ((times.length - 1) * 1000) / (last - first)
  };
}

async function timeFirstAnswer(
  medgemma: MedGemma,
  picture: DecodedImage,
  { signal, onProgress }: RoundOptions
): Promise<number> {
  onProgress("answer", 0);
  await using chat = await medgemma.createChat();
  const { timings } = await chat.ask("Describe the image.", {
    images: [picture],
    maxTokens: 1,
    signal,
    onProgress: (progress) => {
      if (progress.stage === "encode") onProgress("answer", progress.layer / progress.layers);
    }
  });
  throwIfAborted(signal); // a stopped answer is an answer
  return timings.firstTokenMs;
}

function noisePicture(seed: number, side: number): DecodedImage {
  return { source: "(noise)", width: side, height: side, rgb: noise(seed, side * side * 3) };
}

/** The end of a question made of random digits: Gemma's vocabulary has every digit as a token of its own. */
function noisePrompt(language: LanguageModel, seed: number): PromptIds {
  const length = promptLength(language);
  const digits = [...noise(seed, length)].map((byte) => byte % 10).join("");
  return language.renderPrompt(null, [{ user: [digits], answer: null }]).slice(-length);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError("Measuring", signal);
}
