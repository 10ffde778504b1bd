/** Which patches of a slide: the options of `readSlide`. */
import { decimal, onOff, wholeNumber, type OptionsOf } from "../shared/option.js";

/** As many patches as Google's notebook high_dimensional_pathology takes. */
export const maxPatches = 125;

export const slideChoices = {
  magnification: decimal({ min: 0.01, max: 1000, describe: "Magnification of the patches: 5, 10, 20 …", default: 10 }),
  level: wholeNumber({ min: 0, describe: "A level of the file instead of a magnification; 0 is the largest" }),
  patches: wholeNumber({
    min: 1,
    max: maxPatches,
    describe: `Largest number of patches, evenly spaced, up to ${maxPatches}`,
    default: maxPatches
  }),
  overview: onOff({ describe: "Show the whole slide first, as one small picture", default: false })
};

/** Which patches of a slide. */
export type SlideChoices = OptionsOf<typeof slideChoices>;
