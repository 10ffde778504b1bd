/**
 * Stored samples → 8-bit RGB. Levels of 8 bits stay as they are. Gray values of more bits, of a sign or of fractions are shown by a
 * window: the one that is asked for, else from the least to the greatest, as of a DICOM file without one.
 */
import { chooseVoi, grayToRgb, shownWindow, type ShownWindow, type VoiTransform } from "../dicom/voi.js";
import type { WindowChoice } from "../dicom/window-choice.js";
import type { Raster, Samples } from "./raster.js";

export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  readonly notes: readonly string[];
  /** null: levels. */
  readonly window: ShownWindow | null;
}

/** What cameras and scanners have: bits of a sample in a file of 16. */
const usualBits = [8, 10, 12, 14] as const;

/** @throws MedGemmaError INVALID_ARGUMENT for a window that this picture does not have */
export function toRgb(
  raster: Raster,
  { name, window }: { readonly name: string; readonly window: WindowChoice | undefined }
): RgbPicture {
  const { width, height, samples, channels, isInverted } = raster;
  if (samples instanceof Uint8Array)
    return {
      ...turned(
        { width, height, rgb: channels === 3 ? samples : grayToRgb({ values: samples, isInverted }, (level) => level) },
        raster.orientation
      ),
      notes: raster.notes,
      window: null
    };
  const range = rangeOf(samples);
  const voi =
    window === undefined && channels === 3
      ? colourRange(raster, range[1])
      : chooseVoi(window, { transforms: [], warnings: [] }, { name, isHounsfield: false, range: () => range });
  const rgb =
    channels === 3
      ? Uint8Array.from(samples, (value) => Math.floor(voi.toGray(value) + 0.5))
      : grayToRgb({ values: finite(samples, range[0]), isInverted }, voi.toGray);
  const notes = [`${describe(samples)}: ${voi.description}`, ...raster.notes];
  return { ...turned({ width, height, rgb }, raster.orientation), notes, window: shownWindow(window, voi) };
}

/** What is no number is left out. @returns [0, 0] where nothing is left */
function rangeOf(samples: Samples): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of samples) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least > most ? [0, 0] : [least, most];
}

/** What is not a number is black: the least value. */
function finite(samples: Samples, least: number): Samples {
  return samples instanceof Float32Array ? samples.map((value) => (Number.isNaN(value) ? least : value)) : samples;
}

/** Colours are not stretched, or each picture would have others: white is what the file says, or the most that fits in so many bits. */
function colourRange({ white }: Raster, greatest: number): VoiTransform {
  const most = white ?? 2 ** (usualBits.find((bits) => greatest < 2 ** bits) ?? 16) - 1;
  const window = { center: most / 2, width: most, function: "LINEAR_EXACT" } as const;
  // The upper 8 of 16 bits, as Pillow has them.
  const toGray =
    most === 65_535
      ? (value: number): number => value >> 8
      : (value: number): number => (Math.min(value, most) / most) * 255;
  return { description: `0 to ${most} shown as black to white`, window, shown: null, warning: null, toGray };
}

function describe(samples: Samples): string {
  const bits = samples.BYTES_PER_ELEMENT * 8;
  if (samples instanceof Float32Array) return "floating-point samples";
  return samples instanceof Int8Array || samples instanceof Int16Array || samples instanceof Int32Array
    ? `${bits} bits a sample with a sign`
    : `${bits} bits a sample`;
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** EXIF orientation: 2 to 4 are mirrored or upside down, from 5 on rows are columns. */
function turned({ width, height, rgb }: Pixels, orientation: number): Pixels {
  if (orientation < 2 || orientation > 8) return { width, height, rgb };
  const isTransposed = orientation >= 5;
  const [columns, rows] = isTransposed ? [height, width] : [width, height];
  const isFromRight = [2, 3, 7, 8].includes(orientation);
  const isFromBelow = [3, 4, 6, 7].includes(orientation);
  const result = new Uint8Array(rgb.length);
  for (let row = 0, to = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, to += 3) {
      const [across, down] = isTransposed ? [row, column] : [column, row];
      const from = ((isFromBelow ? height - 1 - down : down) * width + (isFromRight ? width - 1 - across : across)) * 3;
      result[to] = rgb[from] ?? 0;
      result[to + 1] = rgb[from + 1] ?? 0;
      result[to + 2] = rgb[from + 2] ?? 0;
    }
  }
  return { width: columns, height: rows, rgb: result };
}
