/** Samples an answer from a sequence: tells thought from text, holds the answer to a grammar, closes a thought that is too long. */
import { LlamaGrammarEvaluationState, type LlamaContextSequence, type LlamaModel, type Token } from "node-llama-cpp";
import { Detokenizer } from "./detokenizer.js";
import type { JsonGrammar } from "./json-grammar.js";
import { ThoughtSplitter, type TokenKind } from "./thought.js";
import type { Vocabulary } from "./vocabulary.js";

export interface SamplingOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed?: number | undefined;
  readonly grammar?: JsonGrammar | undefined;
  /** Tokens of a thought after which it is closed by force; undefined: it may go on to the end. */
  readonly thoughtBudget?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TokenEvent {
  readonly type: "token";
  readonly token: Token;
  readonly kind: TokenKind;
  readonly text: string;
}

export interface StoppedEvent {
  readonly type: "stopped";
  readonly reason: "end" | "maxTokens" | "aborted";
  /** Text of a character that was left unfinished. */
  readonly rest: Readonly<Record<"thought" | "text", string>>;
}

/** Google's sampling defaults for Gemma 3 (generation_config.json); without a temperature they change nothing. */
export const gemmaSampling = { topK: 64, topP: 0.95, minP: 0 };

export class Generation {
  readonly #model: LlamaModel;
  readonly #sequence: LlamaContextSequence;
  readonly #vocabulary: Vocabulary;
  readonly #options: SamplingOptions;
  readonly #thought: ThoughtSplitter;
  readonly #detokenizers: Readonly<Record<"thought" | "text", Detokenizer>>;
  readonly #grammarState: LlamaGrammarEvaluationState | undefined;
  #count = 0;
  #thoughtTokens = 0;
  /** Bytes of a character in an answer held to a grammar. */
  #unfinished: readonly number[] = [];

  constructor(model: LlamaModel, vocabulary: Vocabulary, sequence: LlamaContextSequence, options: SamplingOptions) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#sequence = sequence;
    this.#options = options;
    this.#thought = new ThoughtSplitter(vocabulary.special);
    this.#detokenizers = { thought: new Detokenizer(vocabulary), text: new Detokenizer(vocabulary) };
    const { grammar } = options;
    this.#grammarState = grammar && new LlamaGrammarEvaluationState({ model, grammar: grammar.grammar });
  }

  /**
   * @param undecoded The end of the prompt that is not in the sequence yet, at least one token.
   * @param forced What the answer begins with although the model did not say it; already part of `undecoded`.
   * @param limit Tokens of the whole answer, `forced` included.
   */
  async *run(undecoded: readonly Token[], forced: readonly Token[], limit: number): AsyncGenerator<TokenEvent | StoppedEvent, void, void> {
    for (const token of forced) yield this.#take(token);
    let next: readonly Token[] | null = undecoded;
    while (next !== null) {
      if (this.#count >= limit) return yield this.#stop("maxTokens");
      const input: readonly Token[] = next;
      next = null;
      for await (const token of this.#evaluate(input)) {
        if (this.#options.signal?.aborted === true) return yield this.#stop("aborted");
        if (this.#isEnd(token)) {
          this.#count += 1;
          yield { type: "token", token, kind: "mark", text: "" };
          return yield this.#stop("end");
        }
        yield this.#take(token);
        if (this.#count >= limit) break;
        const closer = this.#closerOfLongThought();
        if (closer !== null) {
          yield this.#take(closer);
          next = [token, closer]; // neither is in the sequence yet
          break;
        }
      }
    }
    yield this.#stop(this.#options.signal?.aborted === true ? "aborted" : "maxTokens");
  }

  #evaluate(tokens: readonly Token[]): AsyncIterable<Token> {
    const { temperature, seed, grammar } = this.#options;
    return this.#sequence.evaluate([...tokens], {
      ...gemmaSampling,
      temperature,
      ...(seed === undefined ? {} : { seed }),
      ...(grammar === undefined ? {} : { tokenBias: () => (this.#isHeld() ? grammar.tokens.never(this.#unfinished) : grammar.tokens.asUsual) }),
      grammarEvaluationState: () => (this.#isHeld() ? this.#grammarState : undefined),
      yieldEogToken: true
    });
  }

  /** A thought is free text; the grammar begins with the answer. */
  #isHeld(): boolean {
    return this.#grammarState !== undefined && this.#thought.closer === null;
  }

  /** When a grammar is complete, llama.cpp lets any of those tokens follow that it takes for an end itself. */
  #isEnd(token: Token): boolean {
    return this.#vocabulary.special.ends.has(token) || (this.#isHeld() && this.#model.isEogToken(token));
  }

  #take(token: Token): TokenEvent {
    this.#count += 1;
    const kind = this.#thought.push(token);
    if (kind === "thought") this.#thoughtTokens += 1;
    if (kind === "text" && this.#options.grammar !== undefined) this.#unfinished = this.#options.grammar.tokens.unfinishedAfter(this.#unfinished, token);
    return { type: "token", token, kind, text: kind === "mark" ? "" : this.#detokenizers[kind].push(token) };
  }

  #stop(reason: StoppedEvent["reason"]): StoppedEvent {
    const { thought, text } = this.#detokenizers;
    return { type: "stopped", reason, rest: { thought: thought.finish(), text: text.finish() } };
  }

  #closerOfLongThought(): Token | null {
    const { thoughtBudget = Infinity } = this.#options;
    return this.#thoughtTokens < thoughtBudget ? null : this.#thought.closer;
  }
}
