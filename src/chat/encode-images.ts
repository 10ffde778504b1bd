/** Image sources → image tokens, through the loaded tower. Shared by chats and `MedGemma.encode`. */
import { MedGemmaError } from "../errors.js";
import { prepareImage } from "../image/prepare.js";
import type { ImageFit, ImageSource, SquareImage } from "../image/types.js";
import type { LanguageModel } from "../language/language-model.js";
import type { EncodeResult, VisionModel } from "../vision/vision-model.js";
import type { ReplyProgress } from "./types.js";

/** The parts of a loaded model, as the chats of this package use them. */
export interface ModelParts {
  readonly language: LanguageModel;
  readonly vision: VisionModel | null;
}

export interface EncodeOptions {
  readonly fit?: ImageFit | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReplyProgress) => void) | undefined;
}

/** Reads, squares and encodes pictures, in order. */
export async function encodeImages(
  parts: ModelParts,
  sources: readonly ImageSource[],
  options: EncodeOptions
): Promise<{ image: SquareImage; result: EncodeResult }[]> {
  if (sources.length === 0) return [];
  const { vision } = parts;
  if (vision === null) {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      "This model is loaded without a projector and takes no images. Give its mmproj file with --mmproj, or use a model that has one."
    );
  }
  // All files are read before the slow part begins: a wrong path in a series shows at once.
  const squares: SquareImage[] = [];
  for (const source of sources) {
    squares.push(await prepareImage(source, { side: vision.facts.imageSize, fit: options.fit }));
  }
  const encoded = [];
  for (const [index, image] of squares.entries()) {
    const result = await vision.encode(image, {
      signal: options.signal,
      onLayer: (layer, layers) =>
        options.onProgress?.({ stage: "encode", image: index + 1, images: squares.length, layer, layers })
    });
    encoded.push({ image, result });
  }
  return encoded;
}
