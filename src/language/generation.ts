/** Makes an answer out of sampled tokens: tells thought from text, holds the answer to a grammar, closes a thought that is too long. */
import type { HostSequence, Sampler, SamplerChoices } from "./host/text-host.js";
import type { Token } from "./host/token.js";
import type { JsonGrammar } from "./json-grammar.js";
import { logprobsOf, type Logprob } from "./logprobs.js";
import { StopTexts } from "./stop-texts.js";
import { ThoughtSplitter, type TokenKind } from "./thought.js";
import { Detokenizer } from "./tokens/detokenizer.js";
import type { Vocabulary } from "./tokens/vocabulary.js";

export interface SamplingOptions extends SamplerChoices {
  readonly maxTokens: number;
  /** Texts at which the answer ends. */
  readonly stop?: readonly string[] | undefined;
  readonly grammar?: JsonGrammar | undefined;
  /** Tokens of a thought after which it is closed by force; undefined: it may go on to the end. */
  readonly thoughtBudget?: number | undefined;
  /** Report the probability of each token, and of so many of the likeliest. */
  readonly logprobs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TokenEvent {
  readonly type: "token";
  readonly token: Token;
  readonly kind: TokenKind;
  /** What it adds to the answer or the thought. */
  readonly text: string;
  /** Only where `logprobs` asks for it; null of a token that was not the model's choice. */
  readonly logprob?: { readonly logprob: number; readonly top: readonly Logprob[] } | null;
}

export interface StoppedEvent {
  readonly type: "stopped";
  /** "stop": one of the texts of `stop` was reached. */
  readonly reason: "end" | "stop" | "maxTokens" | "aborted";
  /** Text of a character that was left unfinished. */
  readonly rest: Readonly<Record<"thought" | "text", string>>;
}

export class Generation {
  readonly #sampler: Sampler;
  readonly #vocabulary: Vocabulary;
  readonly #options: SamplingOptions;
  readonly #thought: ThoughtSplitter;
  readonly #detokenizers: Readonly<Record<"thought" | "text", Detokenizer>>;
  readonly #stops: StopTexts;
  /** By their position, as long as their token is not known. */
  readonly #logits = new Map<number, Float32Array>();
  #count = 0;
  /** Of the next token, in the sequence. */
  #position = 0;
  #thoughtTokens = 0;
  /** Bytes of a character in an answer held to a grammar. */
  #unfinished: readonly number[] = [];

  constructor(vocabulary: Vocabulary, sequence: HostSequence, options: SamplingOptions) {
    this.#vocabulary = vocabulary;
    this.#options = options;
    this.#thought = new ThoughtSplitter(vocabulary.special);
    this.#detokenizers = { thought: new Detokenizer(vocabulary), text: new Detokenizer(vocabulary) };
    const { grammar } = options;
    this.#stops = new StopTexts(options.stop ?? []);
    this.#sampler = sequence.sampler(
      options,
      grammar && {
        grammar: grammar.grammar,
        isHeld: () => this.#isHeld(),
        bias: () => (this.#isHeld() ? grammar.tokens.never(this.#unfinished) : grammar.tokens.asUsual)
      }
    );
  }

  /**
   * @param undecoded The end of the prompt that is not in the sequence yet, at least one token.
   * @param forced What the answer begins with although the model did not say it; already part of `undecoded`.
   * @param limit Tokens of the whole answer, `forced` included.
   * @param position Where the answer begins in the sequence.
   */
  async *run(
    undecoded: readonly Token[],
    forced: readonly Token[],
    limit: number,
    position: number
  ): AsyncGenerator<TokenEvent | StoppedEvent, void, void> {
    this.#position = position;
    for (const token of forced) yield this.#take(token);
    let next: readonly Token[] | null = undecoded;
    while (next !== null) {
      if (this.#count >= limit) return yield this.#stop("maxTokens");
      const input: readonly Token[] = next;
      next = null;
      for await (const token of this.#sampler.after(input)) {
        if (this.#options.signal?.aborted === true) return yield this.#stop("aborted");
        if (this.#isEnd(token)) {
          this.#count += 1;
          yield { type: "token", token, kind: "mark", text: "", ...this.#logprobOf(token) };
          return yield this.#stop("end");
        }
        yield this.#take(token);
        if (this.#stops.isReached) return yield this.#stop("stop");
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

  /** Logits behind the token at a position of the sequence. */
  see(logits: Float32Array, position: number): void {
    if (this.#options.logprobs !== undefined) this.#logits.set(position, logits);
  }

  /** A thought is free text; the grammar begins with the answer. */
  #isHeld(): boolean {
    return this.#options.grammar !== undefined && this.#thought.closer === null;
  }

  /** When a grammar is complete, llama.cpp lets any of those tokens follow that it takes for an end itself. */
  #isEnd(token: Token): boolean {
    return this.#vocabulary.special.ends.has(token) || (this.#isHeld() && this.#sampler.isEnd(token));
  }

  #take(token: Token): TokenEvent {
    this.#count += 1;
    const logprob = this.#logprobOf(token);
    const kind = this.#thought.push(token);
    if (kind === "thought") this.#thoughtTokens += 1;
    if (kind === "text" && this.#options.grammar !== undefined)
      this.#unfinished = this.#options.grammar.tokens.unfinishedAfter(this.#unfinished, token);
    const text = kind === "mark" ? "" : this.#detokenizers[kind].push(token);
    return { type: "token", token, kind, text: kind === "text" ? this.#stops.push(text) : text, ...logprob };
  }

  #logprobOf(token: Token): Pick<TokenEvent, "logprob"> {
    const { logprobs } = this.#options;
    const behind = this.#position - 1;
    this.#position += 1;
    if (logprobs === undefined) return {};
    const logits = this.#logits.get(behind);
    this.#logits.delete(behind);
    return { logprob: logits === undefined ? null : logprobsOf(logits, token, logprobs) };
  }

  #stop(reason: StoppedEvent["reason"]): StoppedEvent {
    const { thought, text } = this.#detokenizers;
    const rest = text.finish();
    return {
      type: "stopped",
      reason,
      rest: { thought: thought.finish(), text: reason === "stop" ? "" : this.#stops.push(rest) + this.#stops.finish() }
    };
  }

  #closerOfLongThought(): Token | null {
    const { thoughtBudget = Infinity } = this.#options;
    return this.#thoughtTokens < thoughtBudget ? null : this.#thought.closer;
  }
}
