/** A loaded text model with its context: tokenises, keeps images, decodes prompts and generates. */
import { abortedError, firstLine, MedGemmaError } from "../errors.js";
import { shapeOf } from "./gemma-shape.js";
import { Generation, type SamplingOptions, type StoppedEvent, type TokenEvent } from "./generation.js";
import { failedAdapter, isOutOfMemory } from "./host/load-failure.js";
import { loadTextHost, type TextHostOptions } from "./host/load-text-host.js";
import type { TextHost } from "./host/text-host.js";
import type { Token } from "./host/token.js";
import { compileSchema, type JsonGrammar } from "./json-grammar.js";
import { JsonTokens } from "./json-tokens.js";
import type { MissedGpu } from "../native/missed-gpu.js";
import type { ModelFile } from "./model-file.js";
import { promptSegments, rawPromptSegments, renderPrompt, type PromptTurn } from "./prompt.js";
import { SequencePool } from "./sequence-pool.js";
import type { SpecialTokens } from "./tokens/special-tokens.js";
import type { StandardSchema } from "./schema/standard-schema.js";
import { thoughtHeading } from "./thought.js";
import type { Steps } from "../shared/time-slices.js";
import { Tokenizer } from "./tokens/tokenizer.js";
import type { Vocabulary } from "./tokens/vocabulary.js";

export interface LanguageModelOptions extends TextHostOptions {
  readonly vocabulary: Vocabulary;
}

export interface GenerateOptions extends SamplingOptions {
  /** Called when all sequences are in use by others, with the number that wait in front of this question; again as it changes. */
  readonly onWaiting?: ((ahead: number) => void) | undefined;
  /** Of those that wait the greatest is next. Default 0. */
  readonly priority?: number | undefined;
  /** Called when there is a sequence, before the prompt is decoded. */
  readonly onBegin?: (() => void) | undefined;
  /** Open a thought before the answer. Only needed with a grammar, which would not let the model open one by itself. */
  readonly forceThought?: boolean | undefined;
  /** Called with the logits (vocabulary) behind every token of the answer, and the position that they are of. */
  readonly onLogits?: ((logits: Float32Array, position: number) => void) | undefined;
}

/** What `generate` reports, in this order: one "prefilled", then tokens, then one "stopped". */
export type GenerationEvent = { readonly type: "prefilled"; readonly reusedTokens: number } | TokenEvent | StoppedEvent;

export class LanguageModel implements AsyncDisposable {
  readonly contextSize: number;
  /** See `LlamaRuntime.missedGpu`. */
  readonly missedGpu: MissedGpu | null;
  readonly #host: TextHost;
  readonly #vocabulary: Vocabulary;
  readonly #tokenizer: Tokenizer;
  readonly #sequences: SequencePool;
  #jsonTokens: JsonTokens | undefined;

  /** @throws MedGemmaError MODEL_CORRUPT, MODEL_MISMATCH, OUT_OF_MEMORY, ADDON_MISMATCH, ABORTED */
  static async load(file: ModelFile, options: LanguageModelOptions): Promise<LanguageModel> {
    try {
      const host = await loadTextHost({ path: file.path, isExact: shapeOf(file).isExact }, options);
      return new LanguageModel(host, options.vocabulary, options.runtime.missedGpu);
    } catch (error) {
      throw asLoadError(error, file, options);
    }
  }

  private constructor(host: TextHost, vocabulary: Vocabulary, missedGpu: MissedGpu | null) {
    this.#host = host;
    this.#vocabulary = vocabulary;
    this.#tokenizer = new Tokenizer(vocabulary);
    this.#sequences = new SequencePool(host.sequences);
    this.contextSize = host.contextSize;
    this.missedGpu = missedGpu;
  }

  get special(): SpecialTokens {
    return this.#vocabulary.special;
  }

  /** See `Vocabulary.longestPiece`. */
  get longestPiece(): number {
    return this.#vocabulary.longestPiece;
  }

  /** Makes an image known to the context; see TextHost.addImage. */
  addImage(key: string, embeddings: Float32Array): readonly Token[] {
    return this.#host.addImage(key, embeddings);
  }

  releaseImage(key: string): void {
    this.#host.releaseImage(key);
  }

  bytesOf(token: number): Uint8Array {
    return this.#vocabulary.decode(token as Token);
  }

  renderPrompt(system: string | null, turns: readonly PromptTurn[]): Token[] {
    return renderPrompt(system, turns, this.#tokenizer);
  }

  /** As `renderPrompt`, or raw (see `rawPromptSegments`), for texts of any length. */
  *renderInSteps(
    system: string | null,
    turns: readonly PromptTurn[],
    { isRaw }: { readonly isRaw: boolean }
  ): Steps<Token[]> {
    const segments = isRaw ? rawPromptSegments(turns, this.special) : promptSegments(system, turns, this.special);
    const tokens: Token[] = [];
    for (const segment of segments) {
      for (const token of typeof segment === "string" ? yield* this.#tokenizer.tokenizeInSteps(segment) : segment)
        tokens.push(token);
    }
    return tokens;
  }

  /** @throws MedGemmaError SCHEMA_INVALID */
  async compileSchema(schema: object | StandardSchema): Promise<JsonGrammar> {
    this.#jsonTokens ??= new JsonTokens(this.#host, this.#vocabulary);
    return await compileSchema(this.#host, this.#jsonTokens, schema);
  }

  /**
   * Decodes what the context does not hold yet of the prompt, then generates. Waits while all sequences are in use. An abort
   * ends it with "stopped"; it does not throw.
   */
  async *generate(prompt: readonly Token[], options: GenerateOptions): AsyncGenerator<GenerationEvent, void, void> {
    const forced = this.#forcedThought(options);
    const wholePrompt = [...prompt, ...forced];
    const limit = Math.min(options.maxTokens, forced.length + this.contextSize - wholePrompt.length);
    const lent = await this.#sequences.acquire(wholePrompt, options);
    if (lent === null) return yield { type: "stopped", reason: "aborted", rest: { thought: "", text: "" } };
    try {
      options.onBegin?.();
      const generation = new Generation(this.#vocabulary, lent, options);
      const { signal, onLogits, logprobs } = options;
      using _watching = lent.watch({
        signal,
        onLogits:
          onLogits ?? (logprobs === undefined ? undefined : (logits, position) => generation.see(logits, position))
      });
      const { undecoded, reusedTokens } = await lent.prefill(wholePrompt, signal);
      yield { type: "prefilled", reusedTokens };
      yield* generation.run(undecoded, forced, limit, prompt.length);
    } catch (error) {
      if (!(error instanceof MedGemmaError && error.code === "ABORTED") || options.signal?.aborted !== true)
        throw error;
      yield { type: "stopped", reason: "aborted", rest: { thought: "", text: "" } };
    } finally {
      this.#sequences.release(lent);
    }
  }

  /**
   * Decodes the beginning of a prompt whose rest is not known yet, if a sequence is free; `generate` then goes on behind it.
   * An abort ends it.
   *
   * @returns how many of the tokens were there from before; null when nothing was done
   * @throws MedGemmaError INTERNAL
   */
  async readAhead(beginning: readonly Token[], signal: AbortSignal): Promise<number | null> {
    const lent = this.#sequences.acquireIfFree(beginning);
    if (lent === undefined) return null;
    try {
      using _watching = lent.watch({ signal });
      const { undecoded, reusedTokens } = await lent.prefill(beginning, signal);
      if (!signal.aborted) await lent.decode(undecoded);
      return reusedTokens;
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    } finally {
      this.#sequences.release(lent);
    }
  }

  /** See HostSequence.readLogits. */
  async readLogits(prompt: readonly Token[], from = 0): Promise<Map<number, Float32Array>> {
    const lent = await this.#sequences.take();
    try {
      return await lent.readLogits(prompt, from);
    } finally {
      this.#sequences.release(lent);
    }
  }

  async dispose(): Promise<void> {
    await this.#sequences.close();
    await this.#host.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** What opens a thought: the mark, and the heading that the model puts behind it. */
  #forcedThought({ forceThought }: GenerateOptions): Token[] {
    const [marks] = this.#vocabulary.special.thoughtMarks;
    if (forceThought !== true || marks === undefined) return [];
    return [marks.open, ...this.#tokenizer.tokenize(thoughtHeading)];
  }
}

function asLoadError(error: unknown, file: ModelFile, { addon, lora, signal }: LanguageModelOptions): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  if (signal?.aborted === true) return abortedError(`Loading ${file.path}`, signal);
  const detail = firstLine(addon.firstComplaint() ?? error);
  // Planned for, but somebody else has taken it since, or the plan was ignored.
  if (isOutOfMemory(detail)) {
    return new MedGemmaError(
      "OUT_OF_MEMORY",
      `${file.path} does not fit into memory: ${detail}. Use a smaller quantisation, a smaller contextSize, or the CPU with gpu "off".`,
      { cause: error, remedy: { option: "contextSize", also: ["gpu"] } }
    );
  }
  const adapter = failedAdapter(error, lora);
  const [what, remedy] =
    adapter === undefined
      ? [file.path, "Download or copy it again"]
      : [`The adapter ${adapter.path}`, "Convert it again with llama.cpp's convert_lora_to_gguf.py"];
  return new MedGemmaError("MODEL_CORRUPT", `${what} cannot be loaded: ${detail}. ${remedy}.`, { cause: error });
}
