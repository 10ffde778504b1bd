/** What a question shows, the same for `ask` and the chat: images with those of earlier studies, or one series, or one slide. */
import type { AskOptions } from "../../chat/types.js";
import type { DecodedImage } from "../../image/types.js";
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

/** As `Chat.ask` takes them, beside the question's own words. */
export function shownBy({
  images,
  priors,
  series,
  slide
}: Sources): Pick<AskOptions, "images" | "priors" | "series" | "slide"> {
  return { images, priors, series: series ?? undefined, slide: slide ?? undefined };
}
