/** Loads a text model and makes its context, in node-llama-cpp. */
import { TokenBias, type LlamaContext, type LlamaModel } from "node-llama-cpp";
import { abortedError } from "../../errors.js";
import type { NativeAddon } from "../../native/addon.js";
import { batchSizeFor } from "./context-shape.js";
import { GgmlType } from "./gguf.js";
import { ImagePrefill } from "./image-prefill.js";
import type { LlamaRuntime } from "./llama.js";
import { LoadStop } from "./load-stop.js";
import { PromptSequence } from "./prompt-sequence.js";
import type { Bias, Grammar, TextHost } from "./text-host.js";
import type { Token } from "./token.js";

export interface TextHostOptions {
  readonly runtime: LlamaRuntime;
  readonly addon: NativeAddon;
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
  readonly lora: readonly { readonly path: string; readonly scale: number }[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: number) => void) | undefined;
}

/**
 * For weights in F32 everything else is kept in F32 too: keys and values, no flash attention, which would round them to F16,
 * and no F16 table for GELU. Demo model, 100 conversations against transformers in float32: the largest logit difference is
 * 0.0003 instead of 0.03 (docs/internals/fidelity.md). With weights of 16 bits and less nothing would be gained.
 */
const fullPrecision = {
  flashAttention: false,
  experimentalKvCacheKeyType: GgmlType.F32,
  experimentalKvCacheValueType: GgmlType.F32
};

/** node-llama-cpp's own check knows neither the image tower nor the limits of a container. */
const memoryIsPlanned = { ignoreMemorySafetyChecks: true };

/**
 * @param model `isExact`: all weights are F32.
 * @throws MedGemmaError ADDON_MISMATCH, ABORTED; Error of node-llama-cpp: see load-failure.ts
 */
export async function loadTextHost(
  { path, isExact }: { readonly path: string; readonly isExact: boolean },
  options: TextHostOptions
): Promise<TextHost> {
  const { runtime, addon, signal } = options;
  addon.collectComplaints();
  addon.surviveWorkerExit();
  if (isExact) addon.useExactGelu();
  let model: LlamaModel | undefined;
  let hasMemory = false;
  using stop = new LoadStop(signal);
  try {
    model = await runtime.llama.loadModel({
      modelPath: path,
      gpuLayers: options.gpuLayers,
      ...memoryIsPlanned,
      loadSignal: stop.signal,
      onLoadProgress: (loaded) => {
        stop.begin();
        // The first news comes when there is memory for the weights, but nothing in it.
        if (!hasMemory) addon.preferHugePages();
        hasMemory = true;
        options.onProgress?.(loaded);
      }
    });
    if (signal?.aborted === true) throw abortedError(`Loading ${path}`, signal);
    const context = await model.createContext({
      contextSize: options.contextSize,
      batchSize: batchSizeFor(options.tokensPerImage),
      ...memoryIsPlanned,
      threads: options.threads,
      sequences: options.parallel,
      lora: { adapters: options.lora.map(({ path: filePath, scale }) => ({ filePath, scale })) },
      ...(isExact ? fullPrecision : {}),
      ...(signal === undefined ? {} : { createSignal: signal })
    });
    return new LoadedHost(runtime, model, context, options);
  } catch (error) {
    await model?.dispose();
    throw error;
  }
}

class LoadedHost implements TextHost {
  readonly contextSize: number;
  readonly sequences: readonly PromptSequence[];
  readonly #runtime: LlamaRuntime;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #images: ImagePrefill;

  constructor(
    runtime: LlamaRuntime,
    model: LlamaModel,
    context: LlamaContext,
    { addon, threads, promptLookup = false }: TextHostOptions
  ) {
    this.#runtime = runtime;
    this.#model = model;
    this.#context = context;
    const images = new ImagePrefill(context, addon, threads);
    this.#images = images;
    this.sequences = Array.from(
      { length: context.totalSequences },
      () => new PromptSequence(model, context, images, { promptLookup })
    );
    this.contextSize = context.contextSize;
  }

  addImage(key: string, embeddings: Float32Array): readonly Token[] {
    return this.#images.add(key, embeddings);
  }

  releaseImage(key: string): void {
    this.#images.release(key);
  }

  async compileGrammar(text: string): Promise<Grammar> {
    return await this.#runtime.llama.createGrammar({ grammar: text });
  }

  tokens(): Iterable<Token> {
    return this.#model.iterateAllTokens();
  }

  isByte(token: Token): boolean {
    return this.#model.getTokenAttributes(token).byte;
  }

  never(tokens: readonly Token[]): Bias {
    const bias = TokenBias.for(this.#model);
    return tokens.length === 0 ? bias : bias.set([...tokens], "never");
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
    this.#images.dispose();
    await this.#model.dispose();
  }
}
