/** Which slices of which series: the options of `readSeries`. */
import { choice, onOff, wholeNumber, type OptionsOf } from "../options/option.js";
import { recipeNames } from "./recipes.js";
import { modalities } from "./types.js";

export const seriesChoices = {
  slices: wholeNumber({ min: 1, describe: "At most so many slices, evenly spaced", default: 85 }),
  index: wholeNumber({ min: 1, describe: "Which of several series, as the error lists them", flag: "series-index" }),
  /** Passes, phases, echoes, b values: what makes a volume is in docs/series.md. */
  volume: wholeNumber({ min: 1, describe: "Which of several volumes of a series or NIfTI file, as the error lists them" }),
  join: onOff({ describe: "Take all files of a study and modality for one series, where each slice says it is one of its own", default: false }),
  /** Default in a program: "v1.5"; `recipeForModel` tells which one a model was trained with. */
  recipe: choice(recipeNames, { describe: "Windows for CT as MedGemma 1 (v1) or 1.5 was trained on", default: { words: "by the model" } }),
  modality: choice(modalities, { describe: "What a NIfTI file holds; DICOM files say it themselves" })
};

/** Which slices of which series. */
export type SeriesChoices = OptionsOf<typeof seriesChoices>;
