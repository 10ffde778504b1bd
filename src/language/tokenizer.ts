/**
 * Text → token ids as Hugging Face's tokenizers makes them with Gemma's tokenizer.json: atoms are cut out, blanks become U+2581,
 * and what is between is merged. No text becomes a mark.
 *
 * llama.cpp's own tokenizer goes by the types in the file, puts a blank in front where the file does not forbid it, takes a written
 * U+2581 for a blank before it looks for atoms, and </s> for a mark.
 */
import type { Token } from "node-llama-cpp";
import { mergePieces } from "./merge-pieces.js";
import type { PromptVocabulary } from "./prompt.js";
import type { SpecialTokens } from "./special-tokens.js";
import { escapeBlanks, type Vocabulary } from "./vocabulary.js";

export class Tokenizer implements PromptVocabulary {
  readonly special: SpecialTokens;
  readonly #vocabulary: Vocabulary;
  readonly #atom: RegExp;

  constructor(vocabulary: Vocabulary) {
    this.special = vocabulary.special;
    this.#vocabulary = vocabulary;
    const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    // The longest comes first, and nothing matches where there are none.
    this.#atom = new RegExp(`(${vocabulary.atoms.map(literal).join("|") || "(?!)"})`);
  }

  tokenize(text: string): Token[] {
    // Half a surrogate pair has no UTF-8.
    const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
    // Runs of blanks are atoms only when they are escaped.
    return this.#cut(wellFormed, (rest) => this.#cut(escapeBlanks(rest), (escaped) => mergePieces(escaped, this.#vocabulary)));
  }

  #cut(text: string, tokenizeRest: (rest: string) => Token[]): Token[] {
    // The expression has a group, so every second part is an atom.
    return text.split(this.#atom).flatMap((part, index) => {
      if (index % 2 === 1) return this.#vocabulary.find(part) ?? [];
      return part === "" ? [] : tokenizeRest(part);
    });
  }
}
