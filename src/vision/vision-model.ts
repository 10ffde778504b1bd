/** A loaded projector: square pixels → image tokens, each picture once. Knows no files, no text model. */
import { abortedError } from "../errors.js";
import type { Square } from "../image/types.js";
import type { NativeAddon, NativeVisionEncoder, ProjectorFacts, StageValues } from "../native/addon.js";
import { ImageTokenCache, type ImageTokens } from "./image-token-cache.js";
import { ImageTokenStore } from "./image-token-store.js";

export interface EncodeResult {
  readonly tokens: ImageTokens;
  /** Milliseconds in the tower; 0 when the tokens were known. */
  readonly encodeMs: number;
  readonly cached: boolean;
}

export interface EncodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLayer?: ((layer: number, layers: number) => void) | undefined;
  /** Called when the tower is busy with another picture, or with this one for somebody else, before it waits. */
  readonly onWaiting?: (() => void) | undefined;
}

/** Where tokens of images that were encoded are kept. */
export interface ImageCacheOptions {
  /** In memory, in bytes; 0 keeps nothing. Default 256 MiB: about a hundred images of the 4B model. */
  readonly maxBytes?: number | undefined;
  /** A folder to keep them in on disk as well, over the end of the process. Default: none, as it is patient data. */
  readonly folder?: string | undefined;
  /** Of all files in the folder, in bytes. Default 1 GiB. */
  readonly maxFolderBytes?: number | undefined;
}

const defaultCacheBytes = { memory: 256 * 2 ** 20, folder: 2 ** 30 };

/** Part of every cache key; raise it when the same pixels begin to give other tokens. */
const preprocessingVersion = 1;

export class VisionModel implements AsyncDisposable {
  readonly facts: ProjectorFacts;
  readonly #encoder: NativeVisionEncoder;
  readonly #cache: ImageTokenCache;
  readonly #store: ImageTokenStore | null;
  /** Keys that are being encoded: whoever wants the same picture waits for it. */
  readonly #running = new Map<string, Promise<unknown>>();
  /** Pictures in the tower, and waiting for it. */
  #inTower = 0;
  #hasWarned = false;

  /** @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, OUT_OF_MEMORY; FILE_UNUSABLE for the folder of the cache */
  static async load(
    addon: NativeAddon,
    path: string,
    options: { readonly gpu: boolean; readonly threads: number; readonly cache?: ImageCacheOptions | undefined }
  ): Promise<VisionModel> {
    const {
      maxBytes = defaultCacheBytes.memory,
      folder,
      maxFolderBytes = defaultCacheBytes.folder
    } = options.cache ?? {};
    const store = folder === undefined ? null : await ImageTokenStore.open(folder, maxFolderBytes, path);
    return new VisionModel(await addon.loadVisionEncoder(path, options), new ImageTokenCache(maxBytes), store);
  }

  private constructor(encoder: NativeVisionEncoder, cache: ImageTokenCache, store: ImageTokenStore | null) {
    this.#encoder = encoder;
    this.#cache = cache;
    this.#store = store;
    this.facts = encoder.facts;
  }

  /** @throws MedGemmaError ABORTED, DISPOSED, OUT_OF_MEMORY */
  async encode(image: Square, options: EncodeOptions = {}): Promise<EncodeResult> {
    const key = `${preprocessingVersion}:${image.side}:${image.sha256}`;
    const { signal } = options;
    for (;;) {
      const known = this.#cache.get(key);
      if (known !== undefined) return { tokens: known, encodeMs: 0, cached: true };
      if (signal?.aborted === true) throw abortedError(`Encoding ${image.source}`, signal);
      const running = this.#running.get(key);
      if (running === undefined) break;
      options.onWaiting?.();
      await unlessAborted(running, signal); // then look again: it may have been stopped
    }
    const result = this.#readOrCompute(image, key, options);
    this.#running.set(key, result);
    try {
      return await result;
    } finally {
      this.#running.delete(key);
    }
  }

  async #readOrCompute(image: Square, key: string, options: EncodeOptions): Promise<EncodeResult> {
    const stored = await this.#store?.read(key);
    if (stored?.hiddenSize === this.facts.projectionSize && stored.tokenCount === this.facts.tokensPerImage) {
      this.#cache.add(stored);
      return { tokens: stored, encodeMs: 0, cached: true };
    }
    const started = performance.now();
    const data = await this.#compute(image, options);
    const encodeMs = performance.now() - started;
    const tokens = { key, data, tokenCount: this.facts.tokensPerImage, hiddenSize: this.facts.projectionSize };
    this.#cache.add(tokens);
    await this.#store?.write(tokens).catch((error: unknown) => this.#warn(error));
    return { tokens, encodeMs, cached: false };
  }

  async #compute(image: Square, { signal, onLayer, onWaiting }: EncodeOptions): Promise<Float32Array> {
    if (signal?.aborted === true) throw abortedError(`Encoding ${image.source}`, signal);
    if (this.#inTower > 0) onWaiting?.();
    let failure: unknown;
    const run = this.#encoder.encode(image.rgb, (layer, layers) => {
      try {
        onLayer?.(layer, layers);
      } catch (error) {
        // It would be nobody's exception: native code called. Whoever waits for the tokens shall have it.
        failure ??= error;
        run.abort();
      }
    });
    const abort = () => run.abort();
    signal?.addEventListener("abort", abort, { once: true });
    this.#inTower += 1;
    try {
      const data = await run.tokens;
      if (failure === undefined) return data;
    } catch (error) {
      failure ??= error;
    } finally {
      this.#inTower -= 1;
      signal?.removeEventListener("abort", abort);
    }
    throw failure;
  }

  /** A full disk shall not cost the answer, but be known; once is enough. */
  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(`Image tokens are not kept on disk. ${(error as Error).message}`, "MedGemmaWarning");
  }

  /** What every stage of the tower computes, the image tokens last. Never from the cache. */
  async encodeStages(image: Square): Promise<StageValues[]> {
    return await this.#encoder.encodeStages(image.rgb);
  }

  async dispose(): Promise<void> {
    this.#cache.clear();
    await this.#encoder.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** Waits for `other` to end, well or badly, but not longer than until the abort. */
async function unlessAborted(other: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => resolve();
    signal?.addEventListener("abort", done, { once: true });
    void other.then(done, done).finally(() => signal?.removeEventListener("abort", done));
  });
}
