/** The pictures of one conversation in the language model: each is registered once, and let go when no turn needs it. */
import type { SquareImage } from "../image/types.js";
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

  has({ sha256 }: SquareImage): boolean {
    return this.#registered.has(sha256);
  }

  add(image: SquareImage, { key, data }: ImageTokens): void {
    if (this.has(image)) return;
    this.#registered.set(image.sha256, { key, ids: this.#language.addImage(key, data) });
  }

  /** Virtual token ids; none for a picture that was not added. */
  idsOf({ sha256 }: SquareImage): TokenIds {
    return this.#registered.get(sha256)?.ids ?? [];
  }

  keepOnly(images: readonly SquareImage[]): void {
    const needed = new Set(images.map(({ sha256 }) => sha256));
    for (const [sha256, { key }] of this.#registered) {
      if (needed.has(sha256)) continue;
      this.#language.releaseImage(key);
      this.#registered.delete(sha256);
    }
  }
}
