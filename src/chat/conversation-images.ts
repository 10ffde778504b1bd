/** The pictures of one conversation in the language model, and their crops: each is registered once, and let go when no turn needs it. */
import { squaresOf, type Square, type SquareImage } from "../image/types.js";
import type { LanguageModel } from "../language/language-model.js";
import type { ImageTokens } from "../vision/image-token-cache.js";

type TokenIds = ReturnType<LanguageModel["addImage"]>;
type PromptPart = Parameters<LanguageModel["renderPrompt"]>[1][number]["user"][number];

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

  add(square: Square, { key, data }: ImageTokens): void {
    if (this.has(square)) return;
    this.#registered.set(square.sha256, { key, ids: this.#language.addImage(key, data) });
  }

  /** What stands in the prompt for a picture: virtual token ids; none where it was not added. */
  promptPartOf(image: SquareImage): PromptPart {
    const idsOf = ({ sha256 }: Square): TokenIds => this.#registered.get(sha256)?.ids ?? [];
    return image.crops.length === 0 ? idsOf(image) : { whole: idsOf(image), crops: image.crops.map(idsOf) };
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
