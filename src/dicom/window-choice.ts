/** What a caller can ask for with `window`. */
import { describe, isObject, refuseUnreadable } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";

/**
 * Windows for CT, in Hounsfield units. Source of all: A. Murphy, Y. Baba et al., "Windowing (CT)", Radiopaedia.org,
 * https://doi.org/10.53347/rID-52108.
 */
export const windowPresets = {
  lung: { center: -600, width: 1500 },
  mediastinum: { center: 50, width: 350 },
  heart: { center: 200, width: 600 },
  abdomen: { center: 50, width: 400 },
  liver: { center: 30, width: 150 },
  brain: { center: 40, width: 80 },
  stroke: { center: 40, width: 40 },
  subdural: { center: 75, width: 215 }, // the middle of 50 to 100, and of 130 to 300
  "temporal-bone": { center: 600, width: 2800 },
  bone: { center: 400, width: 1800 },
  spine: { center: 50, width: 250 }
} as const;

/** A window for CT by its name; centers and widths are in docs/guide/dicom.md. */
export type WindowPreset = keyof typeof windowPresets;

/**
 * A center and width in the values of the modality; a preset for CT; "full", from the least to the greatest value; or the
 * number of a window of the file, from 1: its VOI LUTs first, then its windows.
 */
export type WindowChoice = WindowPreset | "full" | number | { readonly center: number; readonly width: number };

/** In words, for messages. */
export const windowChoices = `C/W (40/400), ${Object.keys(windowPresets).join(", ")}, full, or the number of a window of the file`;

export function isWindowChoice(choice: unknown): choice is WindowChoice {
  if (isPreset(choice) || choice === "full") return true;
  if (typeof choice === "number") return Number.isSafeInteger(choice) && choice >= 1;
  if (typeof choice !== "object" || choice === null || !("center" in choice) || !("width" in choice)) return false;
  // A width of 1 is the least that PS3.3 C.11.2.1.2.1 allows.
  return (
    Number.isFinite(choice.center) &&
    typeof choice.width === "number" &&
    Number.isFinite(choice.width) &&
    choice.width >= 1
  );
}

/** JavaScript need not keep to the type. @throws MedGemmaError INVALID_ARGUMENT */
export function checkWindowChoice(choice: unknown): void {
  refuseUnreadable("A window", () => {
    if (choice === undefined || isWindowChoice(choice)) return;
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `A window must be ${windowChoices}, with a width of 1 or more, but is ${foundOf(choice)}.`,
      { remedy: { option: "window" } }
    );
  });
}

function foundOf(choice: unknown): string {
  if (isObject(choice) && "center" in choice && "width" in choice)
    return `center ${describe(choice.center)}, width ${describe(choice.width)}`;
  return typeof choice === "string" && choice.length <= 40 ? choice : describe(choice);
}

/** The frame of a file with several, from 1. @throws MedGemmaError INVALID_ARGUMENT */
export function checkFrameChoice(frame: unknown): void {
  if (frame === undefined || (Number.isSafeInteger(frame) && (frame as number) >= 1)) return;
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `A frame must be a whole number from 1, but is ${typeof frame === "number" ? frame : typeof frame}.`,
    { remedy: { option: "frame" } }
  );
}

/** As a person writes it, 40/400, lung, full or 2: what it means, which need not be a choice that there is. */
export function readWindowChoice(text: string): unknown {
  const numbers = /^([-+]?\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(text);
  return numbers === null
    ? /^\d+$/.test(text)
      ? Number(text)
      : text
    : { center: Number(numbers[1]), width: Number(numbers[2]) };
}

export function isPreset(choice: unknown): choice is WindowPreset {
  return typeof choice === "string" && Object.hasOwn(windowPresets, choice);
}
