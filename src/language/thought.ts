/**
 * Tells thought from answer while tokens arrive. The marks are control tokens that leave no text, so the split must be
 * made on token ids: on text, "thought" would leak into the answer.
 */
import type { Token } from "node-llama-cpp";
import type { SpecialTokens } from "./special-tokens.js";

export type TokenKind = "thought" | "text" | "mark";

export class ThoughtSplitter {
  readonly #special: SpecialTokens;
  #thinking = false;
  #thought = false;

  constructor(special: SpecialTokens) {
    this.#special = special;
  }

  /** Whether a thought is open now. */
  get isThinking(): boolean {
    return this.#thinking;
  }

  /** Whether a thought was ever opened. */
  get hasThought(): boolean {
    return this.#thought;
  }

  push(token: Token): TokenKind {
    if (this.#special.thoughtOpeners.includes(token)) {
      this.#thinking = true;
      this.#thought = true;
      return "mark";
    }
    if (this.#special.thoughtClosers.includes(token)) {
      this.#thinking = false;
      return "mark";
    }
    return this.#thinking ? "thought" : "text";
  }
}

/** The model writes "thought" and a line break behind the opening mark; both belong to the mark, not to the thought. */
export const thoughtHeading = "thought\n";
