/** At which magnification a slide was scanned, as far as its file tells. Nothing else of its descriptions is looked at. */
import { tags, type TiffDirectory } from "./tiff-file.js";
import type { MagnificationSource } from "./types.js";

export interface ScannedAt {
  readonly magnification: number;
  readonly from: MagnificationSource;
  readonly micrometresPerPixel: number | null;
}

/** At 10x a pixel is 1 micrometre wide: so do EZ-WSI DICOMweb's magnification.py and every maker of scanners. */
const micrometresTimesMagnification = 10;

/** What scanners have, and pyramids below them. */
const nominal = [100, 80, 40, 20, 10, 5, 2.5, 1.25] as const;

/** By so much may the size of a pixel differ from the nominal one (EZ-WSI DICOMweb, magnification.py). */
const nominalTolerance = 0.2;

/** Pixels of other sizes are no scan: 72 dots per inch, which programs write without knowing, are 353 micrometres. */
const [leastMicrometres, mostMicrometres] = [0.05, 16];

const micrometresPerUnit: Readonly<Record<string, number>> = { nm: 1e-3, µm: 1, μm: 1, um: 1, mm: 1e3, cm: 1e4 };

/**
 * @param first The first directory, which carries the descriptions.
 * @param largest That of the largest level.
 * @returns null where the file does not tell
 */
export async function scannedAt(first: TiffDirectory, largest: TiffDirectory): Promise<ScannedAt | null> {
  const description = (await first.text(tags.imageDescription)) ?? "";
  const aperio = description.startsWith("Aperio") ? (await largest.text(tags.imageDescription)) ?? description : null;
  if (aperio !== null) {
    const mpp = plausible(aperioValue(aperio, "MPP"));
    const magnification = aperioValue(aperio, "AppMag");
    if (magnification !== null && magnification > 0 && magnification <= 200) return { magnification, from: "Aperio AppMag", micrometresPerPixel: mpp };
    if (mpp !== null) return fromMicrometres(mpp, "Aperio MPP");
  }
  const ome = description.includes("<OME") ? plausible(omePixelSize(description)) : null;
  if (ome !== null) return fromMicrometres(ome, "OME-XML PhysicalSizeX");
  const byResolution = plausible(await resolutionOf(largest));
  return byResolution === null ? null : fromMicrometres(byResolution, "TIFF resolution");
}

function fromMicrometres(micrometresPerPixel: number, from: MagnificationSource): ScannedAt {
  const exact = micrometresTimesMagnification / micrometresPerPixel;
  const near = nominal.find((one) => Math.abs((micrometresPerPixel * one) / micrometresTimesMagnification - 1) < nominalTolerance);
  return { magnification: near ?? exact, from, micrometresPerPixel };
}

/** "Aperio Image Library …|AppMag = 20|MPP = 0.4990". */
function aperioValue(description: string, name: "AppMag" | "MPP"): number | null {
  const value = new RegExp(`\\|\\s*${name}\\s*=\\s*([\\d.]+)`).exec(description)?.[1];
  return value === undefined ? null : Number(value);
}

function omePixelSize(xml: string): number | null {
  const pixels = /<(?:\w+:)?Pixels\b[^>]*>/.exec(xml)?.[0] ?? "";
  const size = /\bPhysicalSizeX="([^"]+)"/.exec(pixels)?.[1];
  const unit = /\bPhysicalSizeXUnit="([^"]+)"/.exec(pixels)?.[1] ?? "µm"; // the schema's default
  const scale = micrometresPerUnit[unit.replace("&#181;", "µ")];
  return size === undefined || scale === undefined ? null : Number(size) * scale;
}

async function resolutionOf(directory: TiffDirectory): Promise<number | null> {
  const [perUnit, unit] = [await directory.number(tags.xResolution), (await directory.number(tags.resolutionUnit)) ?? 2];
  const micrometres = unit === 3 ? 1e4 : unit === 2 ? 25_400 : null;
  return perUnit === null || micrometres === null ? null : micrometres / perUnit;
}

function plausible(micrometres: number | null): number | null {
  return micrometres !== null && micrometres >= leastMicrometres && micrometres <= mostMicrometres ? micrometres : null;
}
