/** What a question shows, the same for `ask` and the chat: images with those of earlier studies, or one series, or one slide. */
import type { PromptPart } from "../../chat/types.js";
import type { DecodedImage } from "../../image/types.js";
import { composePrompt } from "../../presets/compose-prompt.js";
import type { Preset } from "../../presets/preset.js";
import type { Series } from "../../series/types.js";
import { imagesOfSlide } from "../../slide/images-of-slide.js";
import type { Slide } from "../../slide/types.js";

export interface Sources {
  readonly images: readonly DecodedImage[];
  /** Oldest first. */
  readonly priors: readonly DatedPrior[];
  readonly series: Series | null;
  readonly slide: Slide | null;
}

export interface DatedPrior {
  readonly image: DecodedImage;
  /** As given; undefined: no date is told to the model. */
  readonly date: string | undefined;
}

export const noSources: Sources = { images: [], priors: [], series: null, slide: null };

/** How many images the model sees. */
export function imageCount({ images, priors, series, slide }: Sources): number {
  return images.length + priors.length + (series?.taken ?? 0) + (slide === null ? 0 : imagesOfSlide(slide).length);
}

/** @throws MedGemmaError as composePrompt */
export function promptOf(
  question: string | undefined,
  { images, priors, series, slide }: Sources,
  preset: Preset | undefined
): PromptPart[] {
  return composePrompt({
    question,
    images: slide === null ? images : imagesOfSlide(slide),
    priors,
    slices: series?.slices,
    preset
  });
}
