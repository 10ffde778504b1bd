/** What a question shows: its own texts and images, or the series or slide that it is about. */
import { MedGemmaError } from "../errors.js";
import { decodeImage } from "../image/decode.js";
import type { ImageOptions } from "../image/image-options.js";
import { isSquareImage } from "../image/prepared-square.js";
import { panAndScan } from "../image/pan-and-scan.js";
import type { DecodedImage, ImageFit, ImageSource } from "../image/types.js";
import { composePrompt } from "../presets/compose-prompt.js";
import { presetOptions } from "../presets/preset-options.js";
import type { Series, SeriesSummary } from "../series/types.js";
import { imagesOfSlide } from "../slide/images-of-slide.js";
import type { Slide, SlideSummary } from "../slide/types.js";
import type { CountedPart } from "./conversation-prompt.js";
import { placeImages } from "./raw-prompt.js";
import type { AskOptions, PromptPart } from "./types.js";

/** The options of a question, what its preset sets among them; of the preset itself the name is left. */
export interface AppliedOptions extends AskOptions {
  readonly preset?: string | undefined;
}

export function withPreset({ preset, ...options }: AskOptions): AppliedOptions {
  return typeof preset === "object" ? presetOptions(preset, options) : { ...options, preset };
}

/** The system text of a preset that is given whole. */
export function systemOf(preset: AskOptions["preset"]): string | null {
  return typeof preset === "object" ? preset.system : null;
}

/**
 * In the order that the model sees it: `priors` and `images` in front. A series or slide is shown where the question shows nothing
 * itself; else it is only noted.
 *
 * @throws MedGemmaError INVALID_ARGUMENT for priors or a preset beside a prompt with images of its own; for a series or slide of which
 *   nothing would be seen; for a raw prompt with fewer or more places than images
 */
export function partsOfQuestion(
  prompt: string | readonly PromptPart[],
  options: AskOptions,
  { isRaw }: { readonly isRaw: boolean }
): readonly PromptPart[] {
  const parts = composedParts(prompt, options);
  return isRaw ? placeImages(parts) : parts;
}

function composedParts(
  prompt: string | readonly PromptPart[],
  { images = [], priors = [], series, slide, preset }: AskOptions
): PromptPart[] {
  const own = typeof prompt === "string" ? [prompt] : prompt;
  const texts = own.filter((part) => typeof part === "string");
  const hasImages = images.length > 0 || texts.length < own.length;
  const words = typeof preset === "object" ? preset : undefined;
  const isComposed = words !== undefined || priors.length > 0;
  if (!isComposed && (hasImages || (series === undefined && slide === undefined)))
    return [...images.map((image) => ({ image })), ...own];
  if (texts.length < own.length)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "Beside priors or a preset the images of a question are given as images, not in the prompt, so that each stands in its place."
    );
  const question = texts.join("\n");
  if (series !== undefined) return composePrompt({ question, images, priors, slices: slicesOf(series), preset: words });
  if (slide === undefined) return composePrompt({ question, images, priors, preset: words });
  if (hasImages)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "A question is about a slide or about images, not both. Leave one out."
    );
  return composePrompt({ question, images: shownOfSlide(slide), preset: words });
}

function slicesOf(series: Series | SeriesSummary): readonly ImageSource[] {
  if ("slices" in series && series.slices.length > 0) return series.slices;
  throw nothingSeen("series", "slices", "readSeries");
}

function shownOfSlide(slide: Slide | SlideSummary): readonly ImageSource[] {
  if ("patches" in slide && slide.patches.length > 0) return imagesOfSlide(slide);
  throw nothingSeen("slide", "patches", "readSlide");
}

function nothingSeen(what: string, pixels: string, reader: string): MedGemmaError {
  return new MedGemmaError(
    "INVALID_ARGUMENT",
    `The ${what} has no ${pixels}, and the question shows no images, so the model would see nothing. Give what ${reader} gives.`
  );
}

/** How many squares a picture becomes, as far as that can be told without reading it. */
export function squaresAtLeast(source: ImageSource, fit: ImageFit | undefined): number {
  if (typeof source === "object" && isSquareImage(source)) return 1 + source.crops.length;
  return fit === "crops" && isDecoded(source) ? 1 + panAndScan(source.width, source.height).length : 1;
}

/** With every picture's squares, for which `fit: "crops"` must read it. @throws MedGemmaError as `decodeImage` */
export async function countSquares(
  parts: readonly PromptPart[],
  { fit, window, frame }: ImageOptions
): Promise<CountedPart[]> {
  const counted = parts.map(async (part) => {
    if (typeof part === "string") return part;
    const { image } = part;
    return {
      squares: squaresAtLeast(
        fit === "crops" && !isSquareImage(image) ? await decodeImage(image, { window, frame }) : image,
        fit
      )
    };
  });
  return await Promise.all(counted);
}

function isDecoded(source: ImageSource): source is DecodedImage {
  return typeof source === "object" && "rgb" in source;
}
