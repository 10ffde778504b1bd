/**
 * Image tokens in a node-llama-cpp context. node-llama-cpp 3 has no images, so every image token gets a **virtual
 * token id** (2^30 and above, unique per image and row), and the context's own decode step is replaced on the instance:
 * runs of ordinary ids go to the original, runs of virtual ids to our addon, in order. Everything else stays
 * node-llama-cpp's: it compares, keeps and re-decodes virtual ids like any others, so prefix reuse tells image A from
 * image B, and a restored checkpoint decodes images again from here.
 *
 * This file and native/addon/prefill.* are the bridge for images: node-llama-cpp 4 is announced with images and must be
 * able to replace them.
 */
import { EventRelay, withLock } from "lifecycle-utils";
import type { LlamaContext, LlamaContextSequence, TokenMeter } from "node-llama-cpp";
import { abortedError, MedGemmaError } from "../../errors.js";
import type { NativeAddon, PreparedContext } from "../../native/addon.js";
import { DecodeInterrupts } from "./decode-interrupts.js";
import type { DecodeWatcher } from "./text-host.js";
import type { Token } from "./token.js";

/** Far above every vocabulary (Gemma 3: 262,208) and inside llama.cpp's 32-bit token type. */
const firstVirtualId = 2 ** 30;
const lastVirtualId = 2 ** 31 - 1;

/** What of LlamaContext's internals is used, in node-llama-cpp 3.21.1 (dist/evaluator/LlamaContext/LlamaContext.js). */
interface ContextInternals {
  readonly _ctx: { removeTokenCellsFromSequence(sequenceId: number, start: number, end: number): boolean };
  readonly _backendContextDisposeGuard: { createPreventDisposalHandle(): { dispose(): void } };
  _decodeTokens(request: DecodeRequest, mapper: LogitMapper): Promise<DecodeResult[]>;
}

interface DecodeRequest {
  readonly sequenceId: number;
  readonly firstTokenSequenceIndex: number;
  readonly tokens: readonly Token[];
  /** Sparse: true at the indexes whose logits are wanted. */
  readonly logits: readonly (boolean | undefined)[];
  readonly tokenMeter: TokenMeter;
  /** Lets node-llama-cpp take its checkpoints; gets the number of decoded tokens plus one. */
  readonly afterBatchAction?: (sequenceLength: number) => Promise<void> | undefined;
}

/** Called for every wanted output, right after its batch; `index` is the output's place in the batch. */
type LogitMapper = (index: number, position: number) => unknown;

type DecodeResult = readonly [tokenIndex: number, value: unknown];

/** Whether it is a virtual id, of any image. */
export function isImageToken(token: number): boolean {
  return token >= firstVirtualId;
}

/** Far more images than the contexts of a model can hold at once. */
const maxKnownIds = 65_536;

interface RegisteredImage {
  readonly firstId: number;
  readonly tokenCount: number;
  /** (tokenCount, hiddenSize), row-major. */
  readonly embeddings: Float32Array;
}

export class ImagePrefill {
  readonly #addon: NativeAddon;
  readonly #context: LlamaContext;
  readonly #internals: ContextInternals;
  readonly #prepared: PreparedContext;
  readonly #interrupts: DecodeInterrupts;
  readonly #images = new Map<string, RegisteredImage & { users: number }>();
  /** Of the reply that runs in a sequence. */
  readonly #watchers = new Map<number, DecodeWatcher>();
  /** First ids by key, of released images too: a later chat with the same image finds what a sequence still holds of it. */
  readonly #ids = new Map<string, number>();
  #nextId = firstVirtualId;

  /**
   * Takes over the context's decode step.
   *
   * @throws MedGemmaError ADDON_MISMATCH when the context is not what this build was compiled against
   */
  constructor(context: LlamaContext, addon: NativeAddon, threads: number) {
    if (!(context.onDispose instanceof EventRelay)) {
      // The context's lock lives in that package: with a second copy of it, two decodes could run at once.
      throw new MedGemmaError(
        "ADDON_MISMATCH",
        "Two copies of lifecycle-utils are installed; expected the one of node-llama-cpp. Run: npm dedupe."
      );
    }
    this.#context = context;
    this.#addon = addon;
    this.#internals = context as unknown as ContextInternals;
    this.#prepared = addon.prepareContext(this.#internals._ctx, {
      contextSize: context.contextSize,
      batchSize: context.batchSize,
      sequences: context.totalSequences,
      threads
    });
    this.#interrupts = new DecodeInterrupts((isAborted) => this.#prepared.setAborted(isAborted));
    const decodeText = this.#internals._decodeTokens.bind(context);
    this.#internals._decodeTokens = (request, mapper) => this.#decode(request, mapper, decodeText);
  }

  /** See `TextHost.addImage`. */
  add(key: string, embeddings: Float32Array): readonly Token[] {
    const tokenCount = embeddings.length / this.#prepared.embeddingSize;
    if (!Number.isInteger(tokenCount) || tokenCount === 0) {
      throw new MedGemmaError(
        "INTERNAL",
        `Image tokens of ${embeddings.length} numbers do not fit hidden size ${this.#prepared.embeddingSize}.`
      );
    }
    let image = this.#images.get(key);
    if (image === undefined) {
      image = { firstId: this.#firstIdOf(key, tokenCount), tokenCount, embeddings, users: 0 };
      this.#images.set(key, image);
    }
    image.users += 1;
    const { firstId } = image;
    return Array.from({ length: image.tokenCount }, (_, row) => (firstId + row) as Token);
  }

  /** Ids are not used for a second image: a sequence may still hold those of a released one. */
  #firstIdOf(key: string, tokenCount: number): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#nextId + tokenCount > lastVirtualId)
      throw new MedGemmaError("INTERNAL", "Four million images went through this model. Load it again.");
    const firstId = this.#nextId;
    this.#nextId += tokenCount;
    const [oldest] = this.#ids.size < maxKnownIds ? [] : this.#ids.keys();
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#ids.set(key, firstId);
    return firstId;
  }

  release(key: string): void {
    const image = this.#images.get(key);
    if (image === undefined) return;
    image.users -= 1;
    if (image.users === 0) this.#images.delete(key);
  }

  /** Lets go of what belongs to the context, which is disposed by now. */
  dispose(): void {
    this.#prepared.release();
  }

  /** See `HostSequence.watch`. */
  watch(sequence: LlamaContextSequence, watcher: DecodeWatcher): Disposable {
    const id = idOf(sequence);
    this.#watchers.set(id, watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(id) };
  }

  /** See `HostSequence.readLogits`. */
  async readLogits(
    sequence: LlamaContextSequence,
    tokens: readonly Token[],
    from: number
  ): Promise<Map<number, Float32Array>> {
    await sequence.clearHistory();
    const sequenceId = idOf(sequence);
    const logits = new Map<number, Float32Array>();
    const request = {
      sequenceId,
      firstTokenSequenceIndex: 0,
      tokens,
      logits: tokens.map((token, position) => position >= from && !isImageToken(token)),
      tokenMeter: sequence.tokenMeter
    };
    const read = (index: number, position: number) =>
      void logits.set(position, this.#addon.readLogits(this.#internals._ctx, index));
    await this.#internals._decodeTokens(request, read);
    await this.#takeBack(sequenceId, 0);
    return logits;
  }

  /** The first index from `index` on at which the tokens may be cut without cutting an image. */
  boundaryAtOrAfter(tokens: readonly Token[], index: number): number {
    const token = tokens[index];
    if (token === undefined || !isImageToken(token)) return index;
    const image = this.#imageOf(token);
    return token === image.firstId ? index : index + image.firstId + image.tokenCount - token;
  }

  /** The last index up to `index` at which the tokens may be cut without cutting an image. */
  boundaryAtOrBefore(tokens: readonly Token[], index: number): number {
    const token = tokens[index];
    return token === undefined || !isImageToken(token) ? index : index - (token - this.#imageOf(token).firstId);
  }

  /** Decodes a request whole, or takes back what was begun of it. */
  async #decode(
    request: DecodeRequest,
    mapper: LogitMapper,
    decodeText: ContextInternals["_decodeTokens"]
  ): Promise<DecodeResult[]> {
    const { sequenceId, firstTokenSequenceIndex } = request;
    const { signal, onLogits } = this.#watchers.get(sequenceId) ?? {};
    const watchedMapper: LogitMapper = (index, position) => {
      onLogits?.(this.#addon.readLogits(this.#internals._ctx, index), position);
      return mapper(index, position);
    };
    for (;;) {
      // What begins while another sequence is being stopped would be stopped with it.
      if (signal?.aborted !== true) await this.#interrupts.calm();
      using _listening = this.#interrupts.listen(signal);
      const interruptsBefore = this.#interrupts.count;
      try {
        return await this.#decodeRuns(request, onLogits === undefined ? mapper : watchedMapper, decodeText, signal);
      } catch (error) {
        // It leaves cells that node-llama-cpp does not know of; the next request would not fit behind them.
        await this.#takeBack(sequenceId, firstTokenSequenceIndex);
        // An interrupted batch fails without saying why.
        if (signal?.aborted === true) throw abortedError("Decoding", signal);
        if (this.#interrupts.count === interruptsBefore) throw error;
      }
    }
  }

  async #decodeRuns(
    request: DecodeRequest,
    mapper: LogitMapper,
    decodeText: ContextInternals["_decodeTokens"],
    signal: AbortSignal | undefined
  ): Promise<DecodeResult[]> {
    const { tokens, logits, firstTokenSequenceIndex } = request;
    const results: DecodeResult[] = [];
    let from = 0;
    while (from < tokens.length) {
      if (signal?.aborted === true) throw abortedError("Decoding", signal);
      const position = firstTokenSequenceIndex + from;
      const id = tokens[from] ?? 0;
      if (isImageToken(id)) {
        const image = this.#imageOf(id);
        const to = from + image.tokenCount;
        // Tokens of one image see each other both ways, so a part of an image cannot be decoded alone.
        if (id !== image.firstId || tokens[to - 1] !== image.firstId + image.tokenCount - 1) {
          throw new MedGemmaError(
            "INTERNAL",
            `An image of ${image.tokenCount} tokens was cut at position ${position}.`
          );
        }
        await this.#decodeImage(request, image, position);
        from = to;
      } else {
        const begin = from;
        const nextImage = tokens.findIndex((token, index) => index > begin && isImageToken(token));
        const to = nextImage < 0 ? tokens.length : nextImage;
        const run = {
          ...request,
          tokens: tokens.slice(from, to),
          logits: logits.slice(from, to),
          firstTokenSequenceIndex: position
        };
        for (const result of await decodeText(run, mapper)) results.push(result);
        from = to;
      }
    }
    return results;
  }

  async #decodeImage(request: DecodeRequest, image: RegisteredImage, position: number): Promise<void> {
    await this.#withContext(async () => {
      await this.#addon.decodeImage(this.#internals._ctx, image.embeddings, request.sequenceId, position);
      await request.afterBatchAction?.(position + image.tokenCount + 1);
    });
  }

  async #takeBack(sequenceId: number, position: number): Promise<void> {
    if (this.#context.disposed) return;
    await this.#withContext(() => this.#internals._ctx.removeTokenCellsFromSequence(sequenceId, position, -1));
  }

  async #withContext<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    return await withLock([this.#context, "context"], async () => {
      const keepContext = this.#internals._backendContextDisposeGuard.createPreventDisposalHandle();
      try {
        return await work();
      } finally {
        keepContext.dispose();
      }
    });
  }

  #imageOf(id: number): RegisteredImage {
    for (const image of this.#images.values()) {
      if (id >= image.firstId && id < image.firstId + image.tokenCount) return image;
    }
    throw new MedGemmaError("INTERNAL", "An image was decoded after it was released.");
  }
}

function idOf(sequence: LlamaContextSequence): number {
  return (sequence as unknown as { readonly _sequenceId: number })._sequenceId;
}
