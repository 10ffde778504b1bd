/**
 * Tells thought from answer while tokens arrive. The marks are control tokens that leave no text, so the split must be
 * made on token ids: on text, "thought" would leak into the answer.
 */
import type { Token } from "./host/token.js";
import type { SpecialTokens } from "./tokens/special-tokens.js";

export type TokenKind = "thought" | "text" | "mark";

export class ThoughtSplitter {
  readonly #special: SpecialTokens;
  #closer: Token | null = null;

  constructor(special: SpecialTokens) {
    this.#special = special;
  }

  /** The mark that closes the thought that is open now; null outside of one. */
  get closer(): Token | null {
    return this.#closer;
  }

  push(token: Token): TokenKind {
    const opened = this.#special.thoughtMarks.find(({ open }) => open === token);
    if (opened !== undefined) this.#closer = opened.close;
    else if (this.#special.thoughtMarks.some(({ close }) => close === token)) this.#closer = null;
    else return this.#closer === null ? "text" : "thought";
    return "mark";
  }
}

/** The model writes "thought" and a line break behind the opening mark; both belong to the mark, not to the thought. */
export const thoughtHeading = "thought\n";
