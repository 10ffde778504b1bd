/** What a question shows: its own texts and images, or the series or slide that it is about. */
import { MedGemmaError } from "../errors.js";
import { decodeImage } from "../image/decode.js";
import type { ImageOptions } from "../image/image-options.js";
import { isSquareImage } from "../image/prepared-square.js";
import { panAndScan } from "../image/pan-and-scan.js";
import type { DecodedImage, ImageFit, ImageSource } from "../image/types.js";
import { composePrompt } from "../presets/compose-prompt.js";
import type { CountedPart } from "./conversation-prompt.js";
import type { AskOptions, PromptPart } from "./types.js";

/**
 * In the order that the model sees it: `priors` and `images` in front. A series or slide is shown where the question shows nothing itself; else
 * it is only noted.
 *
 * @throws MedGemmaError INVALID_ARGUMENT for priors beside a prompt with images of its own; for a series or slide of which nothing would be seen
 */
export function partsOfQuestion(prompt: string | readonly PromptPart[], { images = [], priors = [], series, slide }: AskOptions): PromptPart[] {
  const parts = [...images.map((image) => ({ image })), ...(typeof prompt === "string" ? [prompt] : prompt)];
  const texts = parts.filter((part) => typeof part === "string");
  if (priors.length > 0) {
    if (texts.length + images.length < parts.length) throw new MedGemmaError("INVALID_ARGUMENT", "Beside priors the images of a question are given as images, not in the prompt, so that each can be labelled.");
    return composePrompt({ question: texts.join("\n"), images, priors });
  }
  if ((series === undefined && slide === undefined) || texts.length < parts.length) return parts;
  const question = texts.join("\n");
  if (series !== undefined && "slices" in series && series.slices.length > 0) return composePrompt({ question, slices: series.slices });
  if (slide !== undefined && "patches" in slide && slide.patches.length > 0) {
    return composePrompt({ question, images: [...(slide.overview === null ? [] : [slide.overview]), ...slide.patches] });
  }
  const [what, pixels] = series === undefined ? ["slide", "patches"] : ["series", "slices"];
  throw new MedGemmaError("INVALID_ARGUMENT", `The ${what} has no ${pixels}, and the question shows no images, so the model would see nothing. Give what read${series === undefined ? "Slide" : "Series"} gives.`);
}

/** How many squares a picture becomes, as far as that can be told without reading it. */
export function squaresAtLeast(source: ImageSource, fit: ImageFit | undefined): number {
  if (typeof source === "object" && isSquareImage(source)) return 1 + source.crops.length;
  return fit === "crops" && isDecoded(source) ? 1 + panAndScan(source.width, source.height).length : 1;
}

/** With every picture's squares, for which `fit: "crops"` must read it. @throws MedGemmaError as `decodeImage` */
export async function countSquares(parts: readonly PromptPart[], { fit, window, frame }: ImageOptions): Promise<CountedPart[]> {
  const counted = parts.map(async (part) => {
    if (typeof part === "string") return part;
    const { image } = part;
    return { squares: squaresAtLeast(fit === "crops" && !isSquareImage(image) ? await decodeImage(image, { window, frame }) : image, fit) };
  });
  return await Promise.all(counted);
}

function isDecoded(source: ImageSource): source is DecodedImage {
  return typeof source === "object" && "rgb" in source;
}
