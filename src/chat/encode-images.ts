/** Image sources → image tokens, through the loaded tower. Shared by chats and `MedGemma.encode`. */
import { MedGemmaError } from "../errors.js";
import { checkImage } from "../image/decode.js";
import { prepareImage } from "../image/prepare.js";
import { isSquareImage } from "../image/prepared-square.js";
import { notesOf, warningsOf } from "../image/notes.js";
import type { ImageOptions } from "../image/image-options.js";
import { squaresOf, type CropImage, type ImageSource, type Square, type SquareImage } from "../image/types.js";
import type { LanguageModel } from "../language/language-model.js";
import type { EncodeResult, VisionModel } from "../vision/vision-model.js";
import type { AnswerImage, ReplyProgress } from "./types.js";

/** The parts of a loaded model, as the chats of this package use them. */
export interface ModelParts {
  readonly language: LanguageModel;
  readonly vision: VisionModel | null;
}

/** How images are made ready and encoded, in `MedGemma.encode`. */
export interface EncodeOptions extends ImageOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReplyProgress) => void) | undefined;
}

export interface EncodedPicture {
  readonly image: SquareImage;
  readonly result: EncodeResult;
  readonly crops: readonly { readonly image: CropImage; readonly result: EncodeResult }[];
}

export function withoutProjector(): MedGemmaError {
  return new MedGemmaError(
    "MODEL_MISMATCH",
    "This model is loaded without a projector and takes no images. Give its mmproj file, or use a model that has one.",
    { remedy: { option: "mmproj" } }
  );
}

/** Reads, squares and encodes pictures, in order; the next one is read while one is encoded. */
export async function encodeImages(
  parts: ModelParts,
  sources: readonly ImageSource[],
  options: EncodeOptions & {
    /** Called for every picture before it is encoded. */
    readonly onPrepared?: ((image: SquareImage, index: number) => Promise<void>) | undefined;
  }
): Promise<EncodedPicture[]> {
  if (sources.length === 0) return [];
  const { vision } = parts;
  if (vision === null) throw withoutProjector();
  // A wrong file in a series shows before the slow part begins.
  const { window, frame } = options;
  for (const source of sources.slice(1)) if (!isSquareImage(source)) await checkImage(source, { window, frame });
  const prepare = (index: number): Promise<SquareImage> | null => {
    const source = sources[index];
    return source === undefined
      ? null
      : prepareImage(source, { side: vision.facts.imageSize, fit: options.fit, aspect: options.aspect, window, frame });
  };
  const encoded = [];
  let next = prepare(0);
  for (let index = 0; next !== null; index += 1) {
    const image: SquareImage = await next;
    await options.onPrepared?.(image, index);
    next = prepare(index + 1); // while this one is encoded
    next?.catch(() => undefined); // told when its turn comes
    // The layers of a picture are those of all its squares, so that progress runs once to its end.
    const encode = async (square: Square, before: number) =>
      await vision.encode(square, {
        signal: options.signal,
        onWaiting: () => options.onProgress?.({ stage: "waiting" }),
        onLayer: (layer, layers) =>
          options.onProgress?.({
            stage: "encode",
            image: index + 1,
            images: sources.length,
            layer: before * layers + layer,
            layers: (1 + image.crops.length) * layers
          })
      });
    const result = await encode(image, 0);
    const crops = [];
    for (const crop of image.crops) crops.push({ image: crop, result: await encode(crop, 1 + crops.length) });
    encoded.push({ image, result, crops });
  }
  return encoded;
}

/** Encodes a picture again that was prepared before; `onLayer` as of one square with all layers. */
export async function encodeAgain(
  vision: VisionModel,
  image: SquareImage,
  options: {
    readonly signal: AbortSignal;
    readonly onLayer: (layer: number, layers: number) => void;
    readonly onWaiting: () => void;
  }
) {
  const squares = squaresOf(image);
  const encoded = [];
  for (const [index, square] of squares.entries()) {
    const onLayer = (layer: number, layers: number): void =>
      options.onLayer(index * layers + layer, squares.length * layers);
    encoded.push({ square, result: await vision.encode(square, { ...options, onLayer }) });
  }
  return encoded;
}

/** A picture and what became of it, crops included, as answers report it. */
export function describeEncoded({ image, result, crops }: EncodedPicture): AnswerImage {
  const results = [result, ...crops.map((crop) => crop.result)];
  return describeImage(image, {
    tokens: results.reduce((sum, { tokens }) => sum + tokens.tokenCount, 0),
    encodeMs: results.reduce((sum, { encodeMs }) => sum + encodeMs, 0),
    cached: results.every(({ cached }) => cached)
  });
}

export function describeImage(
  image: SquareImage,
  encoded: Pick<AnswerImage, "tokens" | "encodeMs" | "cached">
): AnswerImage {
  const { source, width, height, sha256, fit, preprocessing, crops } = image;
  return {
    source,
    width,
    height,
    sha256,
    preprocessing,
    ...(fit === "crops" ? { crops: crops.map(({ box }) => box) } : {}),
    ...encoded,
    ...notesOf(image),
    ...warningsOf(image)
  };
}
