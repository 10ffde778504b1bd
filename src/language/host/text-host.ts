/**
 * The host: what this package asks of the library that runs the text model. node-llama-cpp 3.21.1 is the only one, behind
 * `loadTextHost`; nothing outside this folder imports it. What is relied on beyond its documentation has a canary each in
 * test/language/host/canaries.test.ts.
 */
import type { LlamaGrammar, TokenBias } from "node-llama-cpp";
import type { SamplerSettings } from "./sampler-options.js";
import type { Token } from "./token.js";

/** A loaded text model with its context. */
export interface TextHost {
  /** Tokens of one conversation, as the context has them. */
  readonly contextSize: number;
  readonly sequences: readonly HostSequence[];
  /**
   * Makes an image known and gives its virtual token ids, the same ones for the same key. Every `addImage` needs a `releaseImage`.
   *
   * @param key Identity of the content: pixels and projector.
   * @param embeddings (tokens, hidden size), row-major.
   */
  addImage(key: string, embeddings: Float32Array): readonly Token[];
  releaseImage(key: string): void;
  /** @throws Error with llama.cpp's words when it refuses the grammar */
  compileGrammar(text: string): Promise<Grammar>;
  /** Ids of the vocabulary; those of images are not among them. */
  tokens(): Iterable<Token>;
  /** Whether llama.cpp takes a token for a single byte. */
  isByte(token: Token): boolean;
  /** For `Held.bias`: none of these may come next. */
  never(tokens: readonly Token[]): Bias;
  dispose(): Promise<void>;
}

/** Part of the context: the tokens of one conversation. */
export interface HostSequence {
  /** How many tokens it holds. */
  readonly length: number;
  /** How many tokens of the prompt need not be decoded again here. */
  commonLength(prompt: readonly Token[]): number;
  /**
   * Decodes the prompt, all but a last stretch, which `decode` or a sampler decodes.
   *
   * @returns that stretch, at least one token, and how many tokens were there from before
   */
  prefill(
    prompt: readonly Token[],
    signal: AbortSignal | undefined
  ): Promise<{ undecoded: Token[]; reusedTokens: number }>;
  decode(tokens: readonly Token[]): Promise<void>;
  /** Until the disposal what is decoded can be stopped, and then fails with ABORTED, and its logits are seen. */
  watch(watcher: DecodeWatcher): Disposable;
  sampler(settings: SamplerChoices, held?: Held): Sampler;
  /**
   * Logits at every position of a prompt that is no image token, as an independent program would compute them: nothing is
   * reused, and the sequence is empty afterwards. For comparisons; each needs the memory of a whole vocabulary.
   *
   * @param from The first position whose logits are wanted.
   */
  readLogits(prompt: readonly Token[], from: number): Promise<Map<number, Float32Array>>;
}

export interface DecodeWatcher {
  readonly signal?: AbortSignal | undefined;
  /** Called with the logits (vocabulary) of every position whose next token is wanted. */
  readonly onLogits?: ((logits: Float32Array, position: number) => void) | undefined;
}

/** Left out: as llama.cpp has it without. */
export interface SamplerChoices extends Partial<SamplerSettings> {
  readonly seed?: number | undefined;
}

export interface Sampler {
  /** Decodes the tokens, then samples one after the other, each of which is decoded when the next one is asked for. */
  after(tokens: readonly Token[]): AsyncIterable<Token>;
  /** Whether llama.cpp ends an answer at this token. */
  isEnd(token: Token): boolean;
}

/** Holds an answer to a grammar, whenever it says so. */
export interface Held {
  readonly grammar: Grammar;
  readonly isHeld: () => boolean;
  readonly bias: () => Bias;
}

/** What the host makes of a grammar, and of a list of tokens that must not come next. */
export type Grammar = LlamaGrammar;
export type Bias = TokenBias;
