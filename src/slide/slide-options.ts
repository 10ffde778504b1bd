/** Which patches of a slide: the options of `readSlide`. */
import { decimal, onOff, wholeNumber, type OptionsOf } from "../options/option.js";

/** As many patches as Google's notebook high_dimensional_pathology takes. */
export const maxPatches = 125;

export const slideChoices = {
  magnification: decimal({ min: 0.01, max: 1000, describe: "At which the slide is seen, 5, 10, 20 …", default: 10 }),
  level: wholeNumber({ min: 0, describe: "Instead: a level of the file as it is, 0 the largest" }),
  patches: wholeNumber({ min: 1, max: maxPatches, describe: `At most so many patches, evenly spaced, up to ${maxPatches}`, default: maxPatches }),
  overview: onOff({ describe: "Show the whole slide first, as one small picture", default: false })
};

/** Which patches of a slide. */
export type SlideChoices = OptionsOf<typeof slideChoices>;
