/** At which magnification a slide was scanned, as far as its file tells. Nothing else of its descriptions is looked at. */
import { tags, type TiffDirectory } from "../tiff/tiff-file.js";
import type { MagnificationSource } from "./types.js";

export interface ScannedAt {
  readonly magnification: number;
  readonly from: MagnificationSource;
  /** Across and down; null where the file does not tell. */
  readonly micrometres: { readonly x: number; readonly y: number } | null;
}

/** At 10x a pixel is 1 micrometre wide: so do EZ-WSI DICOMweb's magnification.py and every maker of scanners. */
const micrometresTimesMagnification = 10;

/** What scanners have, and pyramids below them. */
const nominal = [100, 80, 40, 20, 10, 5, 2.5, 1.25] as const;

/** By so much may the size of a pixel differ from the nominal one (EZ-WSI DICOMweb, magnification.py). */
const nominalTolerance = 0.2;

/** Pixels of other sizes are not of a scan: 72 dots per inch, which programs write without knowing, are 353 micrometres. */
const [leastMicrometres, mostMicrometres] = [0.05, 16];

const mostMagnification = 200;

/** "Aperio Image Library …|AppMag = 20|MPP = 0.4990". */
export function aperioScannedAt(description: string): ScannedAt | null {
  const [mpp, objective] = [aperioValue(description, "MPP"), aperioValue(description, "AppMag")];
  return byObjective(objective, "Aperio AppMag", mpp, mpp) ?? byMicrometres(mpp, mpp, "Aperio MPP");
}

export async function resolutionScannedAt(directory: TiffDirectory): Promise<ScannedAt | null> {
  const { x, y } = await resolutionOf(directory);
  return byMicrometres(x, y, "TIFF resolution");
}

/** From the resolution of TIFF, in micrometres a pixel. */
export async function resolutionOf(
  directory: TiffDirectory
): Promise<{ readonly x: number | null; readonly y: number | null }> {
  const unit = (await directory.number(tags.resolutionUnit)) ?? 2;
  const micrometres = unit === 3 ? 1e4 : unit === 2 ? 25_400 : null;
  const sizeOf = (perUnit: number | null): number | null =>
    perUnit === null || micrometres === null ? null : micrometres / perUnit;
  return { x: sizeOf(await directory.number(tags.xResolution)), y: sizeOf(await directory.number(tags.yResolution)) };
}

/** @returns null without a plausible magnification */
export function byObjective(
  magnification: number | null,
  from: MagnificationSource,
  x: number | null,
  y: number | null
): ScannedAt | null {
  if (magnification === null || !(magnification > 0 && magnification <= mostMagnification)) return null;
  return { magnification, from, micrometres: plausible(x, y) };
}

/**
 * @param x Micrometres a pixel, across.
 * @param y The same downward; null: as across.
 * @returns null where they are not those of a scan
 */
export function byMicrometres(x: number | null, y: number | null, from: MagnificationSource): ScannedAt | null {
  const micrometres = plausible(x, y);
  if (micrometres === null) return null;
  // Pixels that are not square are enlarged along their longer edge.
  const edge = Math.min(micrometres.x, micrometres.y);
  const near = nominal.find((one) => Math.abs((edge * one) / micrometresTimesMagnification - 1) < nominalTolerance);
  return { magnification: near ?? micrometresTimesMagnification / edge, from, micrometres };
}

function plausible(x: number | null, y: number | null): ScannedAt["micrometres"] {
  const isPlausible = (size: number): boolean => size >= leastMicrometres && size <= mostMicrometres;
  if (x === null || !isPlausible(x)) return null;
  return { x, y: y !== null && isPlausible(y) ? y : x };
}

function aperioValue(description: string, name: "AppMag" | "MPP"): number | null {
  const value = new RegExp(`\\|\\s*${name}\\s*=\\s*([\\d.]+)`).exec(description)?.[1];
  return value === undefined ? null : Number(value);
}
