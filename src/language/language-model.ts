/** A loaded text model with its context: tokenises, keeps images, decodes prompts and generates. Owns node-llama-cpp's objects. */
import { resolve } from "node:path";
import { GgmlType, type LlamaContext, type LlamaModel, type Token } from "node-llama-cpp";
import { abortedError, firstLine, MedGemmaError } from "../errors.js";
import type { NativeAddon } from "../native/addon.js";
import { batchSizeFor } from "./context-shape.js";
import { shapeOf } from "./gemma-shape.js";
import { Generation, type SamplingOptions, type StoppedEvent, type TokenEvent } from "./generation.js";
import { ImagePrefill } from "./image-prefill.js";
import { compileSchema, type JsonGrammar } from "./json-grammar.js";
import { JsonTokens } from "./json-tokens.js";
import type { LlamaRuntime } from "./llama.js";
import type { MissedGpu } from "../native/missed-gpu.js";
import { LoadStop } from "./load-stop.js";
import type { ScaledAdapter } from "./lora-adapter.js";
import type { ModelFile } from "./model-file.js";
import { PromptSequence } from "./prompt-sequence.js";
import { promptSegments, rawPromptSegments, renderPrompt, type PromptTurn } from "./prompt.js";
import { SequencePool } from "./sequence-pool.js";
import type { SpecialTokens } from "./special-tokens.js";
import type { StandardSchema } from "../schema/standard-schema.js";
import { thoughtHeading } from "./thought.js";
import type { Steps } from "../time-slices.js";
import { Tokenizer } from "./tokenizer.js";
import type { Vocabulary } from "./vocabulary.js";

export interface LanguageModelOptions {
  readonly runtime: LlamaRuntime;
  readonly addon: NativeAddon;
  readonly vocabulary: Vocabulary;
  /** CPU threads. */
  readonly threads: number;
  /** Tokens. */
  readonly contextSize: number;
  /** Layers on the GPU, the output counted as one; 0: all on the CPU. */
  readonly gpuLayers: number;
  /** See `LoadOptions`. */
  readonly promptLookup?: boolean | undefined;
  /** Questions that are answered at the same time; each has a context of its own. */
  readonly parallel: number;
  /** Tokens of one image, which must fit one batch; 0 for a text-only model. */
  readonly tokensPerImage: number;
  /** Checked against the model; each file once. */
  readonly lora: readonly ScaledAdapter[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: number) => void) | undefined;
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

/**
 * For weights in F32 everything else is kept in F32 too: keys and values, no flash attention, which would round them to F16,
 * and no F16 table for GELU. Demo model, 100 conversations against transformers in float32: the largest logit difference is
 * 0.0003 instead of 0.03 (docs/fidelity.md). With weights of 16 bits and less nothing would be gained.
 */
const fullPrecision = {
  flashAttention: false,
  experimentalKvCacheKeyType: GgmlType.F32,
  experimentalKvCacheValueType: GgmlType.F32
};

/** node-llama-cpp's own check knows neither the image tower nor the limits of a container. */
const memoryIsPlanned = { ignoreMemorySafetyChecks: true };

export class LanguageModel implements AsyncDisposable {
  readonly contextSize: number;
  /** See `LlamaRuntime.missedGpu`. */
  readonly missedGpu: MissedGpu | null;
  readonly #runtime: LlamaRuntime;
  readonly #model: LlamaModel;
  readonly #vocabulary: Vocabulary;
  readonly #tokenizer: Tokenizer;
  readonly #context: LlamaContext;
  readonly #sequences: SequencePool;
  readonly #images: ImagePrefill;
  #jsonTokens: JsonTokens | undefined;

  /** @throws MedGemmaError MODEL_CORRUPT, MODEL_MISMATCH, OUT_OF_MEMORY, ADDON_MISMATCH, ABORTED */
  static async load(file: ModelFile, options: LanguageModelOptions): Promise<LanguageModel> {
    const { runtime, signal } = options;
    options.addon.collectComplaints();
    options.addon.surviveWorkerExit();
    const { isExact } = shapeOf(file);
    if (isExact) options.addon.useExactGelu();
    let model: LlamaModel | undefined;
    let hasMemory = false;
    using stop = new LoadStop(signal);
    try {
      model = await runtime.llama.loadModel({
        modelPath: file.path,
        gpuLayers: options.gpuLayers,
        ...memoryIsPlanned,
        loadSignal: stop.signal,
        onLoadProgress: (loaded) => {
          stop.begin();
          // The first news comes when there is memory for the weights, but nothing in it.
          if (!hasMemory) options.addon.preferHugePages();
          hasMemory = true;
          options.onProgress?.(loaded);
        }
      });
      if (signal?.aborted === true) throw abortedError(`Loading ${file.path}`, signal);
      const context = await model.createContext({
        contextSize: options.contextSize,
        batchSize: batchSizeFor(options.tokensPerImage),
        ...memoryIsPlanned,
        threads: options.threads,
        sequences: options.parallel,
        lora: { adapters: options.lora.map(({ path, scale }) => ({ filePath: path, scale })) },
        ...(isExact ? fullPrecision : {}),
        ...(signal === undefined ? {} : { createSignal: signal })
      });
      const images = new ImagePrefill(context, options.addon, options.threads);
      return new LanguageModel(runtime, model, options.vocabulary, context, images, { promptLookup: options.promptLookup ?? false });
    } catch (error) {
      await model?.dispose();
      throw asLoadError(error, file, options);
    }
  }

  private constructor(
    runtime: LlamaRuntime,
    model: LlamaModel,
    vocabulary: Vocabulary,
    context: LlamaContext,
    images: ImagePrefill,
    sequenceOptions: { readonly promptLookup: boolean }
  ) {
    this.#runtime = runtime;
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#tokenizer = new Tokenizer(vocabulary);
    this.#context = context;
    this.#images = images;
    this.#sequences = new SequencePool(
      Array.from({ length: context.totalSequences }, () => new PromptSequence(model, context, images, sequenceOptions))
    );
    this.contextSize = context.contextSize;
    this.missedGpu = runtime.missedGpu;
  }

  get special(): SpecialTokens {
    return this.#vocabulary.special;
  }

  /** See `Vocabulary.longestPiece`. */
  get longestPiece(): number {
    return this.#vocabulary.longestPiece;
  }

  /** Makes an image known to the context; see ImagePrefill.add. */
  addImage(key: string, embeddings: Float32Array): readonly Token[] {
    return this.#images.add(key, embeddings);
  }

  releaseImage(key: string): void {
    this.#images.release(key);
  }

  bytesOf(token: number): Uint8Array {
    return this.#vocabulary.decode(token as Token);
  }

  renderPrompt(system: string | null, turns: readonly PromptTurn[]): Token[] {
    return renderPrompt(system, turns, this.#tokenizer);
  }

  /** As `renderPrompt`, or raw (see `rawPromptSegments`), for texts of any length. */
  *renderInSteps(system: string | null, turns: readonly PromptTurn[], { isRaw }: { readonly isRaw: boolean }): Steps<Token[]> {
    const segments = isRaw ? rawPromptSegments(turns, this.special) : promptSegments(system, turns, this.special);
    const tokens: Token[] = [];
    for (const segment of segments) {
      for (const token of typeof segment === "string" ? yield* this.#tokenizer.tokenizeInSteps(segment) : segment) tokens.push(token);
    }
    return tokens;
  }

  /** @throws MedGemmaError SCHEMA_INVALID */
  async compileSchema(schema: object | StandardSchema): Promise<JsonGrammar> {
    this.#jsonTokens ??= new JsonTokens(this.#model, this.#vocabulary);
    return await compileSchema(this.#runtime.llama, this.#jsonTokens, schema);
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
      const generation = new Generation(this.#model, this.#vocabulary, lent.sequence, options);
      const { signal, onLogits, logprobs } = options;
      using _watching = this.#images.watch(lent.sequence, {
        signal,
        onLogits: onLogits ?? (logprobs === undefined ? undefined : (logits, position) => generation.see(logits, position))
      });
      const { undecoded, reusedTokens } = await lent.prefill(wholePrompt, signal);
      yield { type: "prefilled", reusedTokens };
      yield* generation.run(undecoded, forced, limit, prompt.length);
    } catch (error) {
      if (!(error instanceof MedGemmaError && error.code === "ABORTED") || options.signal?.aborted !== true) throw error;
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
      using _watching = this.#images.watch(lent.sequence, { signal });
      const { undecoded, reusedTokens } = await lent.prefill(beginning, signal);
      if (!signal.aborted) await lent.sequence.evaluateWithoutGeneratingNewTokens(undecoded);
      return reusedTokens;
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    } finally {
      this.#sequences.release(lent);
    }
  }

  /** See ImagePrefill.readLogits. */
  async readLogits(prompt: readonly Token[], from = 0): Promise<Map<number, Float32Array>> {
    const lent = await this.#sequences.take();
    try {
      return await this.#images.readLogits(lent.sequence, prompt, from);
    } finally {
      this.#sequences.release(lent);
    }
  }

  async dispose(): Promise<void> {
    await this.#sequences.close();
    await this.#context.dispose();
    this.#images.dispose();
    await this.#model.dispose();
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
  if (/\balloc|out of memory/i.test(detail)) {
    return new MedGemmaError(
      "OUT_OF_MEMORY",
      `${file.path} does not fit into memory: ${detail}. Use a smaller quantisation, a smaller contextSize, or the CPU with gpu "off".`,
      { cause: error, remedy: { option: "contextSize", also: ["gpu"] } }
    );
  }
  // node-llama-cpp 3.21.1: Failed to initialize LoRA adapter "/absolute/path"
  const adapter = lora.find(({ path }) => error instanceof Error && error.message.includes(`LoRA adapter "${resolve(path)}"`));
  const [what, remedy] =
    adapter === undefined
      ? [file.path, "Download or copy it again"]
      : [`The adapter ${adapter.path}`, "Convert it again with llama.cpp's convert_lora_to_gguf.py"];
  return new MedGemmaError("MODEL_CORRUPT", `${what} cannot be loaded: ${detail}. ${remedy}.`, { cause: error });
}
