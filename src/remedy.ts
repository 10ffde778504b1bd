/** What a caller can change after a failure, as data: a program shows it in its own words, a command line as a flag. */
import type { AnswerOptions } from "./chat/answer-options.js";
import type { ComputeOptions } from "./loading/load-options.js";
import type { ImageOptions } from "./image/image-options.js";
import type { SeriesChoices } from "./series/series-options.js";
import type { SlideChoices } from "./slide/slide-options.js";

/**
 * The name of an option of this library. "model" is what `loadMedGemma` loads, "series" and "slide" are what `readSeries` and
 * `readSlide` read.
 */
export type RemedyOption =
  | keyof AnswerOptions
  | keyof ComputeOptions
  | keyof ImageOptions
  | keyof SeriesChoices
  | keyof SlideChoices
  | "model"
  | "mmproj"
  | "lora"
  | "images"
  | "series"
  | "slide"
  | "acceptTerms"
  | "replace"
  | "home";

/** What to do before the next try: get a model or see which there are, test a GPU again, see an example of a preset. */
export type RemedyCommand = "pull" | "import" | "models" | "doctor" | "presets";

/** What the caller can change so that the same failure does not come again. */
export interface Remedy {
  /** The option to give or to change. */
  readonly option?: RemedyOption | undefined;
  /** A value of `option` that would do. */
  readonly value?: string | number | undefined;
  /** Further options: what `option` needs beside it, or what helps as well. The message says which. */
  readonly also?: readonly RemedyOption[] | undefined;
  /** What to do first, or instead. */
  readonly command?: RemedyCommand | undefined;
  /** What `command` is about: the id of a model. */
  readonly argument?: string | undefined;
}
