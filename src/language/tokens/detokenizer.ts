/** Token ids → text, piece by piece: a character whose bytes are spread over several tokens comes out whole. */
import type { Token } from "../host/token.js";
import type { Vocabulary } from "./vocabulary.js";

export class Detokenizer {
  readonly #vocabulary: Vocabulary;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** The text that this token completes; "" while a character is unfinished. */
  push(token: Token): string {
    return this.#utf8.decode(this.#vocabulary.decode(token), { stream: true });
  }

  /** What is left at the end: U+FFFD for a character that was never finished. */
  finish(): string {
    return this.#utf8.decode();
  }
}
