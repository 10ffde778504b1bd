/** What a series is, from its files to the slices that the model sees. */
import type { FrameGeometry, VolumeFacts } from "../dicom/read-dicom.js";
import type { WindowChoice } from "../dicom/window-choice.js";
import type { DecodedImage } from "../image/types.js";
import type { SeriesChoices } from "./series-options.js";
import type { RecipeName, ValueRange } from "./recipes.js";

export const modalities = ["CT", "MR"] as const;

/** What the values of a series are: Hounsfield units, or the intensities of MR. */
export type Modality = (typeof modalities)[number];

/** Which slices of which series, and how their values become colours. */
export interface SeriesOptions extends SeriesChoices {
  /** Id of the model that will see the slices: CT has the windows that it was trained on, where neither `recipe` nor `window` says otherwise. */
  readonly model?: string | undefined;
  /** Gray by this window instead of the recipe, as for a single picture. */
  readonly window?: WindowChoice | undefined;
  /** What to call a file in messages and results. Default: its path. */
  readonly nameOf?: ((path: string) => string) | undefined;
  /** Called for each file and slice that was read. */
  readonly onProgress?: ((progress: SeriesProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far the reading of a series is. */
export interface SeriesProgress {
  /** "headers": which files are slices; "range": the least and greatest value of MR; "slices": the pixels of those that are taken. */
  readonly step: "headers" | "range" | "slices";
  readonly done: number;
  readonly of: number;
}

/** A series as the model sees it. */
export interface Series extends SeriesSummary {
  /** In order; none is labelled: `composePrompt` puts "SLICE k" behind each. */
  readonly slices: readonly DecodedImage[];
}

/** What was taken, and how: nothing of the patient but what a path says. */
export interface SeriesSummary {
  /** The folder or files that were given, as `nameOf` calls them. */
  readonly source: readonly string[];
  /** "CT", "MR" …; null where the files do not say. */
  readonly modality: string | null;
  readonly seriesNumber: number | null;
  /** Which of its volumes, from 1, and how many there are. */
  readonly volume: number;
  readonly volumes: number;
  /** Slices that the model sees. */
  readonly taken: number;
  /** Slices of the volume, before it was thinned. */
  readonly of: number;
  /** Places of the taken slices in the volume, from 1. */
  readonly numbers: readonly number[];
  readonly order: SliceOrder;
  readonly leftOut: readonly LeftOut[];
  /** Where the distance of two slices is more than 1.5 times the median, in millimetres. */
  readonly gaps: readonly Gap[];
  /** Of CT; null for other series, and with a window. */
  readonly recipe: RecipeName | null;
  /** Ranges that became 0 … 255, for red, green and blue; null where each slice has the window of its file, or the one asked for. */
  readonly windows: readonly ValueRange[] | null;
  /** With these options the same files give the same slices. */
  readonly asked: SeriesAsked;
  /** All of it in words, for a person. */
  readonly notes: readonly string[];
  /** Those of the notes that a person should not miss: what the files contradict themselves in, and what is taken for granted. */
  readonly warnings: readonly string[];
}

/** Options of `readSeries`; null: not given. */
export interface SeriesAsked {
  readonly slices: number;
  readonly index: number | null;
  readonly volume: number | null;
  readonly join: boolean;
  readonly recipe: RecipeName | null;
  readonly modality: Modality | null;
  readonly window: WindowChoice | null;
}

/** By what the slices were put in order. "stack position": the In-Stack Position Numbers of an enhanced file. */
export type SliceOrder = "position" | "stack position" | "time" | "instance number" | "file name";

/** Images of the files that are no slices of the series, and why. */
export interface LeftOut {
  readonly count: number;
  /** "localizer", "duplicate of a position" … */
  readonly why: string;
}

/** A place where slices are missing. */
export interface Gap {
  /** The slice in front of it, from 1 in the volume. */
  readonly after: number;
  readonly mm: number;
}

/** One image of a file, without its pixels. */
export interface Slice {
  readonly path: string;
  /** What to call the file. */
  readonly name: string;
  /** From 1. */
  readonly frame: number;
  /** Of its file. */
  readonly frames: number;
  readonly seriesInstanceUid: string | null;
  readonly seriesNumber: number | null;
  readonly sopClassUid: string | null;
  readonly modality: string | null;
  readonly imageType: readonly string[];
  readonly instanceNumber: number | null;
  readonly isHounsfield: boolean;
  /** Whether the file says how its values become Hounsfield units. */
  readonly isRescaled: boolean;
  readonly studyInstanceUid: string | null;
  readonly sopInstanceUid: string | null;
  readonly isColor: boolean;
  readonly facts: VolumeFacts;
  /** Of a Siemens mosaic; null for a slice that is a frame of its own. */
  readonly tile: Tile | null;
  /** Of the slice, as the columns. */
  readonly rows: number;
  readonly columns: number;
  readonly geometry: FrameGeometry;
}

/** Where a slice lies in the picture of a mosaic. */
export interface Tile {
  /** From 0, in rows. */
  readonly index: number;
  readonly perRow: number;
}
