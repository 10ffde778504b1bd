/** Token ids → text, piece by piece: a character whose bytes are spread over several tokens comes out whole. */
import type { LlamaModel, Token } from "node-llama-cpp";

/** UTF-8 needs at most four bytes, so after four byte tokens a broken character is really broken. */
const maxPendingTokens = 4;

export class Detokenizer {
  readonly #model: LlamaModel;
  readonly #done: Token[] = [];
  #pending: Token[] = [];

  constructor(model: LlamaModel) {
    this.#model = model;
  }

  /** The text that this token completes; "" while a character is unfinished. */
  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#model.detokenize(this.#pending, false, this.#done.slice(-maxPendingTokens));
    return text.endsWith("\uFFFD") && this.#pending.length < maxPendingTokens ? "" : this.#accept(text);
  }

  /** What is left at the end. */
  finish(): string {
    return this.#pending.length === 0
      ? ""
      : this.#accept(this.#model.detokenize(this.#pending, false, this.#done.slice(-maxPendingTokens)));
  }

  #accept(text: string): string {
    this.#done.push(...this.#pending);
    this.#pending = [];
    return text;
  }
}
