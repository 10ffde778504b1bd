/**
 * Guesses the next tokens of an answer from its prompt, where a few of the same tokens stand in a row: reports that quote,
 * JSON that repeats. Guesses are checked in one batch with the token that is due, so the answer is the same; whether it
 * comes sooner depends on the answer.
 */
import { InputLookupTokenPredictor } from "node-llama-cpp";
import type { Token } from "./token.js";

export class PromptLookup extends InputLookupTokenPredictor {
  readonly #isImageToken: (token: Token) => boolean;

  /** @param isImageToken Tokens that can only be decoded together with the others of their image are never guessed. */
  constructor(isImageToken: (token: Token) => boolean) {
    // A wrong guess costs time: three tokens must agree.
    super({ patternLength: { min: 3 }, predictionLength: { max: 4 } });
    this.#isImageToken = isImageToken;
  }

  override predictTokens(): Token[] {
    const guessed = super.predictTokens();
    const end = guessed.findIndex(this.#isImageToken);
    return end < 0 ? guessed : guessed.slice(0, end);
  }
}
