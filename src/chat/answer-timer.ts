/** How long each part of an answer took. */
import type { AnswerCollector } from "./answer-collector.js";
import type { Shown } from "./encode-question.js";
import type { Answer } from "./types.js";

/** Starts with the question. */
export class AnswerTimer {
  readonly #startedAt = performance.now();
  #encodedAt = this.#startedAt;

  /** The last image was encoded, and the language model begins. */
  encoded(): void {
    this.#encodedAt = performance.now();
  }

  timings(
    loadMs: number,
    { report, earlierEncodeMs }: Shown,
    collected: Pick<AnswerCollector, "firstTokenAt" | "lastTokenAt" | "tokens">
  ): Answer["timings"] {
    const firstTokenAt = collected.firstTokenAt ?? performance.now();
    const decodeMs = (collected.lastTokenAt ?? firstTokenAt) - firstTokenAt;
    return {
      loadMs,
      encodeMs: report.reduce((sum, image) => sum + image.encodeMs, earlierEncodeMs),
      prefillMs: firstTokenAt - this.#encodedAt,
      firstTokenMs: firstTokenAt - this.#startedAt,
      decodeMs,
      // The first token belongs to the prefill; the rate is that of the others.
      tokensPerSecond: decodeMs > 0 ? ((collected.tokens.length - 1) * 1000) / decodeMs : 0
    };
  }
}
