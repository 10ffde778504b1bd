/**
 * Text → token ids as Hugging Face's tokenizers makes them with Gemma's tokenizer.json: atoms are cut out, blanks become U+2581,
 * and what is between is merged. No text becomes a mark.
 *
 * llama.cpp's own tokenizer goes by the types in the file, puts a blank in front where the file does not forbid it, takes a written
 * U+2581 for a blank before it looks for atoms, and </s> for a mark.
 */
import type { Token } from "../host/token.js";
import { mergePieces } from "./merge-pieces.js";
import type { PromptVocabulary } from "../prompt.js";
import type { SpecialTokens } from "./special-tokens.js";
import { runSteps, type Steps } from "../../shared/time-slices.js";
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
    this.#atom = new RegExp(vocabulary.atoms.map(literal).join("|") || "(?!)", "g");
  }

  tokenize(text: string): Token[] {
    return runSteps(this.tokenizeInSteps(text));
  }

  *tokenizeInSteps(text: string): Steps<Token[]> {
    const tokens: Token[] = [];
    // Half a surrogate pair has no UTF-8.
    const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
    for (const part of this.#cut(wellFormed)) {
      // Runs of blanks are atoms only when they are escaped.
      for (const piece of part.atom === null ? this.#cut(escapeBlanks(part.text)) : [part]) {
        if (piece.atom !== null) tokens.push(piece.atom);
        else
          for (const word of this.#words(piece.text))
            for (const token of yield* mergePieces(word, this.#vocabulary)) tokens.push(token);
        yield;
      }
    }
    return tokens;
  }

  /**
   * Cut before blanks that nothing is merged with across, which leaves the tokens as they are: the queue of merges grows with a
   * text, and a long one takes a second of garbage collection.
   */
  *#words(text: string): Generator<string, void, void> {
    let start = 0;
    for (let blank = text.indexOf("▁", 1); blank !== -1; blank = text.indexOf("▁", blank + 1)) {
      if (this.#vocabulary.canPrecedeBlank(text.charAt(blank - 1))) continue;
      yield text.slice(start, blank);
      start = blank;
    }
    yield text.slice(start);
  }

  /** Atoms with their tokens, and the texts between them. */
  *#cut(text: string): Generator<{ readonly text: string; readonly atom: Token | null }, void, void> {
    let end = 0;
    for (const { 0: atom, index } of text.matchAll(this.#atom)) {
      if (index > end) yield { text: text.slice(end, index), atom: null };
      yield { text: atom, atom: this.#vocabulary.find(atom) ?? null };
      end = index + atom.length;
    }
    if (end < text.length) yield { text: text.slice(end), atom: null };
  }
}
