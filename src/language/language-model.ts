/** A loaded text model with its context: tokenises, keeps images, decodes prompts and generates. Owns node-llama-cpp's objects. */
import { acquireLock } from "lifecycle-utils";
import {
  InsufficientMemoryError,
  LlamaGrammarEvaluationState,
  type GbnfJsonBasicSchema,
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaGrammar,
  type LlamaModel,
  type Token
} from "node-llama-cpp";
import { abortedError, MedGemmaError } from "../errors.js";
import type { NativeAddon } from "../native/addon.js";
import { Detokenizer } from "./detokenizer.js";
import { checkSchema } from "./json-schema.js";
import { ImagePrefill } from "./image-prefill.js";
import type { LlamaRuntime } from "./llama.js";
import type { ModelFile } from "./model-file.js";
import { renderPrompt, type PromptTurn } from "./prompt.js";
import { findSpecialTokens, type SpecialTokens } from "./special-tokens.js";
import { thoughtHeading, ThoughtSplitter, type TokenKind } from "./thought.js";

export interface LanguageModelOptions {
  readonly runtime: LlamaRuntime;
  readonly addon: NativeAddon;
  /** CPU threads; undefined: by model size. */
  readonly threads?: number | undefined;
  /** Tokens; undefined: what the memory allows, at most `defaultContextSize` and the model's own. */
  readonly contextSize?: number | undefined;
  /** Tokens of one image, which must fit one batch; 0 for a text-only model. */
  readonly tokensPerImage: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: number) => void) | undefined;
}

export interface GenerateOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed?: number | undefined;
  readonly grammar?: JsonGrammar | undefined;
  /** Open a thought before the answer. Only needed with a grammar, which would not let the model open one by itself. */
  readonly forceThought?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `generate` reports, in this order: one "prefilled", then tokens, then one "stopped". */
export type GenerationEvent =
  | { readonly type: "prefilled"; readonly reusedTokens: number }
  | { readonly type: "token"; readonly token: Token; readonly kind: TokenKind; readonly text: string }
  | {
      readonly type: "stopped";
      readonly reason: "end" | "maxTokens" | "aborted";
      /** Text of a character that was left unfinished. */
      readonly rest: Readonly<Record<"thought" | "text", string>>;
    };

/** A compiled JSON schema. */
export interface JsonGrammar {
  readonly grammar: LlamaGrammar;
  /** Parses and validates a finished answer. @throws MedGemmaError SCHEMA_INVALID */
  parse(text: string): unknown;
}

/** Room for an image, a long answer and some turns; a larger one costs memory that most conversations never use. */
const defaultContextSize = 8192;

/** llama.cpp's usual batch; an image must fit into one. */
const minBatchSize = 512;

/** Google's sampling defaults for Gemma 3 (generation_config.json); without a temperature they change nothing. */
const gemmaSampling = { topK: 64, topP: 0.95, minP: 0 };

export class LanguageModel implements AsyncDisposable {
  readonly contextSize: number;
  readonly special: SpecialTokens;
  readonly #runtime: LlamaRuntime;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #sequence: LlamaContextSequence;
  readonly #images: ImagePrefill;

  /** @throws MedGemmaError MODEL_CORRUPT, MODEL_MISMATCH, OUT_OF_MEMORY, ADDON_MISMATCH, ABORTED */
  static async load(file: ModelFile, options: LanguageModelOptions): Promise<LanguageModel> {
    const { runtime, signal } = options;
    runtime.forget();
    let model: LlamaModel | undefined;
    try {
      model = await runtime.llama.loadModel({
        modelPath: file.path,
        ...(runtime.gpu === "off" ? { gpuLayers: 0 } : {}),
        ...(signal === undefined ? {} : { loadSignal: signal }),
        ...(options.onProgress === undefined ? {} : { onLoadProgress: options.onProgress })
      });
      const special = findSpecialTokens(model, file.path);
      const context = await model.createContext({
        contextSize: options.contextSize ?? { max: Math.min(defaultContextSize, model.trainContextSize) },
        batchSize: Math.max(minBatchSize, options.tokensPerImage),
        threads: options.threads ?? runtime.threadsFor(file.byteLength),
        sequences: 1,
        ...(signal === undefined ? {} : { createSignal: signal })
      });
      return new LanguageModel(runtime, model, context, special, options.addon);
    } catch (error) {
      await model?.dispose();
      throw asLoadError(error, file, runtime, signal);
    }
  }

  private constructor(
    runtime: LlamaRuntime,
    model: LlamaModel,
    context: LlamaContext,
    special: SpecialTokens,
    addon: NativeAddon
  ) {
    this.#runtime = runtime;
    this.#model = model;
    this.#context = context;
    this.#images = new ImagePrefill(context, addon);
    // A restored checkpoint may lack the part of the sliding window in front of it; see #alignSequence.
    this.#sequence = context.getSequence({ checkpoints: { max: 0, interval: false } });
    this.contextSize = context.contextSize;
    this.special = special;
  }

  /** Makes an image known to the context; see ImagePrefill.add. */
  addImage(key: string, embeddings: Float32Array): readonly Token[] {
    return this.#images.add(key, embeddings);
  }

  releaseImage(key: string): void {
    this.#images.release(key);
  }

  /** @throws MedGemmaError CONTEXT_FULL when not even one token of an answer would fit */
  renderPrompt(system: string | null, turns: readonly PromptTurn[]): Token[] {
    const prompt = renderPrompt(system, turns, {
      special: this.special,
      tokenizeText: (text) => this.#model.tokenize(text, false)
    });
    if (prompt.length >= this.contextSize) {
      throw new MedGemmaError(
        "CONTEXT_FULL",
        `The conversation has ${prompt.length} tokens, but the context holds ${this.contextSize} with room for an answer. ` +
          "Shorten it, begin a new one, or load with a larger context (--context)."
      );
    }
    return prompt;
  }

  /** @throws MedGemmaError SCHEMA_INVALID */
  async compileSchema(schema: object): Promise<JsonGrammar> {
    checkSchema(schema);
    try {
      const grammar = await this.#runtime.llama.createGrammarForJsonSchema(schema as GbnfJsonBasicSchema);
      return {
        grammar,
        parse: (text) => {
          try {
            // Of any type: what the schema says is not known to the compiler.
            return (grammar.parse as (json: string) => unknown)(text);
          } catch (error) {
            throw new MedGemmaError(
              "SCHEMA_INVALID",
              "The answer does not follow the JSON schema: it was cut off or never begun. Allow more tokens (--max-tokens).",
              { cause: error }
            );
          }
        }
      };
    } catch (error) {
      throw new MedGemmaError("SCHEMA_INVALID", `The JSON schema cannot be used: ${firstLine(error)}.`, { cause: error });
    }
  }

  /**
   * Decodes what the context does not hold yet of the prompt, then generates. One at a time: a second call waits.
   * An abort ends it with "stopped"; it does not throw.
   */
  async *generate(prompt: readonly Token[], options: GenerateOptions): AsyncGenerator<GenerationEvent, void, void> {
    const turn = await acquireLock([this, "sequence"]);
    try {
      this.#images.setSignal(this.#sequence, options.signal);
      const { openers, tokens } = this.#forcedThought(options);
      const wholePrompt = [...prompt, ...openers, ...tokens];
      const reusedTokens = await this.#alignSequence(wholePrompt);
      const rest = await this.#prefill(wholePrompt.slice(reusedTokens), options.signal);
      yield { type: "prefilled", reusedTokens };
      yield* this.#sample(rest, openers, tokens, wholePrompt.length, options);
    } catch (error) {
      if (!(error instanceof MedGemmaError && error.code === "ABORTED")) throw error;
      yield { type: "stopped", reason: "aborted", rest: { thought: "", text: "" } };
    } finally {
      this.#images.setSignal(this.#sequence, undefined);
      turn.dispose();
    }
  }

  async dispose(): Promise<void> {
    const turn = await acquireLock([this, "sequence"]);
    try {
      await this.#context.dispose();
      await this.#model.dispose();
    } finally {
      turn.dispose();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #forcedThought(options: GenerateOptions): { openers: readonly Token[]; tokens: readonly Token[] } {
    const [opener] = this.special.thoughtOpeners;
    if (options.forceThought !== true || opener === undefined) return { openers: [], tokens: [] };
    return { openers: [opener], tokens: this.#model.tokenize(thoughtHeading, false) };
  }

  /**
   * Rolls the context back to the longest common prefix with the prompt and returns its length.
   *
   * node-llama-cpp removes the cells behind the prefix, but does not ask whether the sliding window in front of it is
   * still there: the cache of the local layers keeps only about a window and a batch. Without this check, an edit far
   * back in a long conversation would silently compute other logits. Decoding again from the start is always right.
   */
  async #alignSequence(prompt: readonly Token[]): Promise<number> {
    const sequence = this.#sequence;
    const wanted = prompt.slice(0, -1); // the last token is always decoded: its logits are needed
    const common = sequence.compareContextTokens([...wanted]).firstDifferentIndex;
    const window = this.#model.fileInsights.swaSize ?? 0;
    // A token at position p sees those from p - window + 1 on.
    const firstNeeded = Math.max(0, common - window + 1);
    if (window > 0 && sequence.stateCellsStartIndex > firstNeeded) await sequence.clearHistory();
    else if (common < sequence.nextTokenIndex) await sequence.adaptStateToTokens([...wanted], false);
    return sequence.nextTokenIndex;
  }

  /** Decodes all but the last stretch in batches, so that an abort need not wait for a long prompt. Returns what is left. */
  async #prefill(tokens: readonly Token[], signal: AbortSignal | undefined): Promise<Token[]> {
    let from = 0;
    while (tokens.length - from > this.#context.batchSize && signal?.aborted !== true) {
      const to = this.#images.boundaryAtOrAfter(tokens, from + this.#context.batchSize);
      if (to >= tokens.length) break;
      await this.#sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(from, to));
      from = to;
    }
    return tokens.slice(from);
  }

  async *#sample(
    rest: Token[],
    openers: readonly Token[],
    heading: readonly Token[],
    promptLength: number,
    options: GenerateOptions
  ): AsyncGenerator<GenerationEvent, void, void> {
    const { signal, grammar } = options;
    const thought = new ThoughtSplitter(this.special);
    const detokenizers = { thought: new Detokenizer(this.#model), text: new Detokenizer(this.#model) };
    const event = (token: Token): GenerationEvent => {
      const kind = thought.push(token);
      return { type: "token", token, kind, text: kind === "mark" ? "" : detokenizers[kind].push(token) };
    };
    let count = 0;
    for (const token of [...openers, ...heading]) {
      yield event(token);
      count += 1;
    }
    const limit = Math.min(options.maxTokens, count + this.contextSize - promptLength);
    const state = grammar && new LlamaGrammarEvaluationState({ model: this.#model, grammar: grammar.grammar });
    let reason: "end" | "maxTokens" | "aborted" = signal?.aborted === true ? "aborted" : "maxTokens";
    if (reason !== "aborted" && count < limit) {
      const generated = this.#sequence.evaluate(rest, {
        ...gemmaSampling,
        temperature: options.temperature,
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        // A thought is free text; the grammar begins with the answer.
        grammarEvaluationState: () => (thought.isThinking ? undefined : state),
        yieldEogToken: true
      });
      for await (const token of generated) {
        if (signal?.aborted === true) {
          reason = "aborted";
          break;
        }
        count += 1;
        if (this.#model.isEogToken(token)) {
          yield { type: "token", token, kind: "mark", text: "" };
          reason = "end";
          break;
        }
        yield event(token);
        if (count >= limit) break;
      }
    }
    yield { type: "stopped", reason, rest: { thought: detokenizers.thought.finish(), text: detokenizers.text.finish() } };
  }
}

function asLoadError(error: unknown, file: ModelFile, runtime: LlamaRuntime, signal?: AbortSignal): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  if (signal?.aborted === true) return abortedError(`Loading ${file.path}`, signal);
  if (error instanceof InsufficientMemoryError) {
    return new MedGemmaError(
      "OUT_OF_MEMORY",
      `${file.path} does not fit into memory: ${firstLine(error)}. Use a smaller quantisation, a smaller context (--context) or --gpu off.`,
      { cause: error }
    );
  }
  const detail = runtime.lastComplaint() ?? firstLine(error);
  return new MedGemmaError("MODEL_CORRUPT", `${file.path} cannot be loaded: ${detail.split("\n")[0] ?? ""}. Download or copy it again.`, {
    cause: error
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]?.replace(/\.$/, "") ?? "";
}
