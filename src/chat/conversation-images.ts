/** The pictures of one conversation in the language model, and their crops: each is registered once, and let go when no turn needs it. */
import { squaresOf, type Square, type SquareImage } from "../image/types.js";
import type { LanguageModel } from "../language/language-model.js";
import type { ImageTokens } from "../vision/image-token-cache.js";

type TokenIds = ReturnType<LanguageModel["addImage"]>;

export class ConversationImages {
  readonly #language: LanguageModel;
  /** By sha256 of the pixels. */
  readonly #registered = new Map<string, { readonly key: string; readonly ids: TokenIds }>();

  constructor(language: LanguageModel) {
    this.#language = language;
  }

  has({ sha256 }: Square): boolean {
    return this.#registered.has(sha256);
  }

  /** The whole image and its crops. */
  hasAllOf(image: SquareImage): boolean {
    return squaresOf(image).every((square) => this.has(square));
  }

  add(square: Square, { key, data }: ImageTokens): void {
    if (this.has(square)) return;
    this.#registered.set(square.sha256, { key, ids: this.#language.addImage(key, data) });
  }

  /** What stands in the prompt for a picture: the virtual token ids of its squares, in order; none where it was not added. */
  idsOf(image: SquareImage): TokenIds[] {
    return squaresOf(image).map(({ sha256 }) => this.#registered.get(sha256)?.ids ?? []);
  }

  keepOnly(images: readonly SquareImage[]): void {
    const needed = new Set(images.flatMap(squaresOf).map(({ sha256 }) => sha256));
    for (const [sha256, { key }] of this.#registered) {
      if (needed.has(sha256)) continue;
      this.#language.releaseImage(key);
      this.#registered.delete(sha256);
    }
  }
}
