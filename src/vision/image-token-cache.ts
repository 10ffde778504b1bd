/** Image tokens of pictures seen before, in memory, least recently used dropped first. */

/** Image tokens as the language model takes them. */
export interface ImageTokens {
  /** Identity of the content: pixels, projector and preprocessing; equal keys have equal tokens. */
  readonly key: string;
  /** (tokenCount, hiddenSize), row-major. */
  readonly data: Float32Array;
  readonly tokenCount: number;
  readonly hiddenSize: number;
}

export class ImageTokenCache {
  readonly #entries = new Map<string, ImageTokens>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes An image of MedGemma 4B needs 2.6 MB, of 27B 5.5 MB. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): ImageTokens | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      // A Map keeps the order of insertion: inserting again makes it the youngest.
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  add(entry: ImageTokens): void {
    if (this.#entries.has(entry.key) || entry.data.byteLength > this.#maxBytes) return;
    this.#entries.set(entry.key, entry);
    this.#bytes += entry.data.byteLength;
    for (const oldest of this.#entries.values()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest.key);
      this.#bytes -= oldest.data.byteLength;
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
