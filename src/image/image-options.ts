/** How an image is shown to the model: the options of whatever takes images. */
import { isWindowChoice, readWindowChoice, windowChoices, type WindowChoice } from "../dicom/window-choice.js";
import { choice, onOff, wholeNumber, type Option, type OptionsOf } from "../shared/option.js";
import { imageFits } from "./types.js";

const window: Option<WindowChoice> = {
  kind: "value",
  rule: { expected: windowChoices, holds: isWindowChoice },
  parse: readWindowChoice,
  describe: `Window for DICOM and for pictures with more than 8 bits: ${windowChoices}`,
  default: { words: "its first window, else full" }
};

export const imageOptions = {
  /**
   * "pad": black bars, as in Google's notebooks. "crops" shows parts of a long picture besides the whole, each for the tokens of a
   * whole image (docs/guide/images.md).
   */
  fit: choice(imageFits, {
    describe: "How to make the image square: pad with black, stretch, or pad and add crops of a long image (crops)",
    default: "pad"
  }),
  /** Whether pixels that are not square, of DICOM, NIfTI and slides, are made square first (docs/guide/images.md). */
  aspect: onOff({
    describe: "Show pixels that are not square (DICOM, NIfTI, slides) as stored, without correction",
    default: true,
    flag: "no-aspect"
  }),
  /**
   * Which values become black and white: center and width, a preset for CT ("lung", "bone" …), "full", or the number of a window of
   * the file, from 1. Pictures that are not DICOM have a center and width, and "full".
   */
  window,
  frame: wholeNumber({ min: 1, describe: "Frame to show of a DICOM file", default: 1 })
};

/** How an image is shown to the model. */
export type ImageOptions = OptionsOf<typeof imageOptions>;
