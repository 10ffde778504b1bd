/** Which slices of which series: the options of `readSeries`. */
import { choice, onOff, wholeNumber, type OptionsOf } from "../shared/option.js";
import { recipeNames } from "./recipes.js";
import { modalities } from "./types.js";

export const seriesChoices = {
  slices: wholeNumber({ min: 1, describe: "Largest number of slices, evenly spaced", default: 85 }),
  index: wholeNumber({
    min: 1,
    describe: "Which series, if there are several; the error lists them",
    flag: "series-index"
  }),
  /** Passes, phases, echoes, b values: what makes a volume is in docs/guide/series.md. */
  volume: wholeNumber({
    min: 1,
    describe: "Which volume, if a series or NIfTI file has several; the error lists them"
  }),
  join: onOff({
    describe: "Treat all files of a study and modality as one series, for scanners that give each slice its own",
    default: false
  }),
  /** Default: the one that `model` was trained with; without a model "v1.5". */
  recipe: choice(recipeNames, {
    describe: "Windows for CT as MedGemma 1 (v1) or 1.5 was trained on",
    default: { words: "by the model" }
  }),
  modality: choice(modalities, { describe: "Modality of a NIfTI file; DICOM files contain it" })
};

/** Which slices of which series. */
export type SeriesChoices = OptionsOf<typeof seriesChoices>;
