/** Values of the modality → gray levels: VOI LUT and windows (PS3.3 C.11.2). */
import { MedGemmaError } from "../errors.js";
import type { DataSet } from "./data-set.js";
import { lookUp, readLookupTable } from "./lookup-table.js";
import { tags } from "./tags.js";
import { isPreset, windowPresets, type WindowChoice } from "./window-choice.js";

const windowFunctions = ["LINEAR", "LINEAR_EXACT", "SIGMOID"] as const;

/** VOI LUT function of a DICOM window (PS3.3 C.11.2.1.3). */
export type WindowFunction = (typeof windowFunctions)[number];

/** A window in the values of the modality. */
export interface Window {
  readonly center: number;
  readonly width: number;
  readonly function: WindowFunction;
}

/** What a gray picture was shown with. */
export interface ShownWindow {
  /** What was asked for; null: nothing, and the file decided. The same choice makes the same pixels. */
  readonly asked: WindowChoice | null;
  /** In values after the modality transform; null for a lookup table. */
  readonly center: number | null;
  readonly width: number | null;
  /** "LUT": a VOI LUT of the file. */
  readonly function: WindowFunction | "LUT";
}

export function shownWindow(asked: WindowChoice | undefined, { window }: VoiTransform): ShownWindow {
  return { asked: asked ?? null, ...(window ?? { center: null, width: null, function: "LUT" as const }) };
}

/** Gray levels, 0 to 255, not rounded. */
export interface VoiTransform {
  /** What it is, for a person: "window 40/400 of the file (1 of 2)". */
  readonly description: string;
  /** null for a VOI LUT. */
  readonly window: Window | null;
  /** Values that are told apart: what lies outside is all black or all white. null: none is outside. */
  readonly shown: readonly [least: number, most: number] | null;
  /** Where it contradicts itself, and what was done. */
  readonly warning: string | null;
  readonly toGray: (value: number) => number;
}

/** Of a picture, row-major, after the modality transform. */
export interface GrayValues {
  readonly values: ArrayLike<number>;
  /** Whether the least value is white. */
  readonly isInverted: boolean;
}

/** The choices that a file offers, in their order: VOI LUTs, then windows. */
export interface FileVoi {
  readonly transforms: readonly VoiTransform[];
  /** What cannot be used, and why. */
  readonly warnings: readonly string[];
}

/**
 * @param frame From 0; enhanced files have windows and tables for each frame.
 * @param isSigned Whether a VOI LUT begins at a signed value.
 * @throws DicomError for a sequence that is damaged
 */
export function readFileVoi(dataSet: DataSet, frame: number, isSigned: boolean): FileVoi {
  const group = dataSet.functionalGroup(tags.FrameVOILUTSequence, frame);
  const tables = (group.has(tags.VOILUTSequence) ? group : dataSet)
    .items(tags.VOILUTSequence)
    .map((item) => readLookupTable(item, isSigned));
  const luts = tables.filter((table) => table !== null);
  const { windowFunction, isKnown } = readFunction(group);
  const widths = group.numbers(tags.WindowWidth);
  const isText = [tags.WindowCenter, tags.WindowWidth].some((tag) =>
    group.numbers(tag).some((number, index) => !Number.isFinite(number) && group.texts(tag)[index] !== "")
  );
  const pairs = group.numbers(tags.WindowCenter).flatMap((center, index) => {
    const width = widths[index];
    return width === undefined || !Number.isFinite(center) || !Number.isFinite(width)
      ? []
      : [{ center, width, function: windowFunction }];
  });
  const windows = pairs.filter(isPossible);
  const count = luts.length + windows.length;
  const which = (index: number) => (count > 1 ? ` (${index + 1} of ${count})` : "");
  return {
    transforms: [
      ...luts.map((table, index) => ({
        description: `VOI LUT of the file${which(index)}`,
        window: null,
        shown: [table.first, table.first + table.entries.length - 1] as const,
        warning: table.contradiction === null ? null : `the VOI LUT of the file${which(index)} ${table.contradiction}`,
        toGray: (value: number) => Math.min(255, (lookUp(table, value) / table.white) * 255)
      })),
      ...windows.map((window, index) =>
        windowTransform(window, `window ${numbersOf(window)} of the file${which(luts.length + index)}`)
      )
    ],
    warnings: [
      ...(isKnown ? [] : ["the VOI LUT Function of the file is not known here: taken for LINEAR"]),
      ...(isText ? ["a window of the file is no number and is ignored"] : []),
      ...(pairs.length > windows.length ? ["a window of the file has no width and is ignored"] : []),
      ...(tables.length > luts.length ? ["a VOI LUT of the file has too few entries and is ignored"] : []),
      ...([tags.WindowCenter, tags.WindowWidth].some((tag) => group.hasDecimalComma(tag))
        ? ["a decimal comma in a window of the file is taken for a point"]
        : [])
    ]
  };
}

/**
 * @param isHounsfield Whether presets make sense.
 * @param range Least and greatest value without padding; asked for only where it is needed.
 * @throws MedGemmaError INVALID_ARGUMENT for what this file does not offer
 */
export function chooseVoi(
  choice: WindowChoice | undefined,
  file: FileVoi,
  {
    name,
    isHounsfield,
    range
  }: { readonly name: string; readonly isHounsfield: boolean; readonly range: () => readonly [number, number] }
): VoiTransform {
  if (choice === undefined) return file.transforms[0] ?? fullRange(range());
  if (choice === "full") return fullRange(range());
  if (typeof choice === "number") {
    const chosen = file.transforms[choice - 1];
    if (chosen !== undefined) return chosen;
    const count = file.transforms.length;
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} has ${count === 0 ? "no window" : count === 1 ? "1 window" : `${count} windows`}, but window ${choice} is asked for.`,
      { remedy: { option: "window" } }
    );
  }
  if (!isPreset(choice)) return windowTransform({ ...choice, function: "LINEAR" }, `window ${numbersOf(choice)}`);
  const preset = windowPresets[choice];
  if (isHounsfield) return windowTransform({ ...preset, function: "LINEAR" }, `window ${choice} ${numbersOf(preset)}`);
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `${name} is not a CT in Hounsfield units, so the window ${choice} says nothing. Give it as C/W, or leave it out.`,
    { remedy: { option: "window" } }
  );
}

function readFunction(group: DataSet): { readonly windowFunction: WindowFunction; readonly isKnown: boolean } {
  const text = group.text(tags.VOILUTFunction)?.toUpperCase() ?? "LINEAR";
  const known = windowFunctions.find((one) => one === text);
  return { windowFunction: known ?? "LINEAR", isKnown: known !== undefined };
}

/** PS3.3 C.11.2.1.2.1 and C.11.2.1.3: the width is at least 1 for LINEAR, and above 0 for the others. */
function isPossible({ width, function: windowFunction }: Window): boolean {
  return windowFunction === "LINEAR" ? width >= 1 : width > 0;
}

function fullRange([least, most]: readonly [number, number]): VoiTransform {
  const window = { center: (least + most) / 2, width: most - least, function: "LINEAR_EXACT" } as const;
  const toGray = (value: number) =>
    most === least ? 0 : Math.min(1, Math.max(0, (value - least) / (most - least))) * 255;
  return {
    description: `from the least to the greatest value (${round(least)} to ${round(most)})`,
    window,
    shown: null,
    warning: null,
    toGray
  };
}

/** The formulas of PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2, with an output from 0 to 255. */
function windowTransform(window: Window, description: string): VoiTransform {
  const { center, width } = window;
  if (window.function === "SIGMOID") {
    return {
      description: `${description}, sigmoid`,
      window,
      shown: null,
      warning: null,
      toGray: (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width))
    };
  }
  const [c, w] = window.function === "LINEAR" ? [center - 0.5, width - 1] : [center, width];
  const toGray = (value: number) => {
    if (value <= c - w / 2) return 0;
    return value > c + w / 2 ? 255 : ((value - c) / w + 0.5) * 255;
  };
  return { description, window, shown: [c - w / 2, c + w / 2], warning: null, toGray };
}

function numbersOf({ center, width }: { readonly center: number; readonly width: number }): string {
  return `${round(center)}/${round(width)}`;
}

/** Six digits tell values apart, and 0.1 + 0.2 stays 0.3. */
function round(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Rounded half up. @returns row-major 8-bit RGB, `values.length * 3` bytes */
export function grayToRgb({ values, isInverted }: GrayValues, toGray: (value: number) => number): Uint8Array {
  const rgb = new Uint8Array(values.length * 3);
  for (let index = 0; index < values.length; index += 1) {
    const rounded = Math.floor(toGray(values[index] ?? 0) + 0.5);
    rgb[3 * index] = rgb[3 * index + 1] = rgb[3 * index + 2] = isInverted ? 255 - rounded : rounded;
  }
  return rgb;
}
