/** A loaded projector: square pixels → image tokens, each picture once. Knows no files, no text model. */
import { abortedError } from "../errors.js";
import type { SquareImage } from "../image/types.js";
import type { NativeAddon, NativeVisionEncoder, ProjectorFacts, StageValues } from "../native/addon.js";
import { ImageTokenCache, type ImageTokens } from "./image-token-cache.js";

export interface EncodeResult {
  readonly tokens: ImageTokens;
  /** Milliseconds in the tower; 0 when the tokens were known. */
  readonly encodeMs: number;
  readonly cached: boolean;
}

export interface EncodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLayer?: ((layer: number, layers: number) => void) | undefined;
}

/** About a hundred images of the 4B model. */
const cacheBytes = 256 * 2 ** 20;

/** Part of every cache key; raise it when the same pixels begin to give other tokens. */
const preprocessingVersion = 1;

export class VisionModel implements AsyncDisposable {
  readonly facts: ProjectorFacts;
  readonly #encoder: NativeVisionEncoder;
  readonly #cache = new ImageTokenCache(cacheBytes);

  /** @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, OUT_OF_MEMORY */
  static async load(
    addon: NativeAddon,
    path: string,
    options: { readonly gpu: boolean; readonly threads: number }
  ): Promise<VisionModel> {
    return new VisionModel(await addon.loadVisionEncoder(path, options));
  }

  private constructor(encoder: NativeVisionEncoder) {
    this.#encoder = encoder;
    this.facts = encoder.facts;
  }

  /** @throws MedGemmaError ABORTED, DISPOSED, OUT_OF_MEMORY */
  async encode(image: SquareImage, options: EncodeOptions = {}): Promise<EncodeResult> {
    const key = `${preprocessingVersion}:${image.side}:${image.sha256}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return { tokens: known, encodeMs: 0, cached: true };

    const { signal, onLayer } = options;
    if (signal?.aborted === true) throw abortedError(`Encoding ${image.source}`, signal);
    const started = performance.now();
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
    try {
      const data = await run.tokens;
      const tokens = { key, data, tokenCount: this.facts.tokensPerImage, hiddenSize: this.facts.projectionSize };
      this.#cache.add(tokens);
      if (failure === undefined) return { tokens, encodeMs: performance.now() - started, cached: false };
    } catch (error) {
      failure ??= error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    throw failure;
  }

  /** What every stage of the tower computes, the image tokens last. Never from the cache. */
  async encodeStages(image: SquareImage): Promise<StageValues[]> {
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
