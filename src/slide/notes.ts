/** What was taken of a slide, in words. */
import { describeAspect } from "../dicom/pixel-aspect.js";
import { rounded } from "./choose-level.js";
import type { Grid } from "./grid.js";
import type { TileCount } from "./level.js";
import type { ScannedAt } from "./scanned-at.js";
import type { SlideSummary } from "./types.js";

/** What is left out at the edges is told from this share of the slide on. */
const toldShare = 0.01;

interface Circumstances {
  readonly grid: Grid;
  readonly wanted: number | undefined;
  readonly otherPictures: number;
  /** Of the level that was read. */
  readonly tiles: TileCount;
  /** Patches with tissue on a smaller level, of which this one holds nothing. */
  readonly notOnLevel: number;
  readonly micrometres: ScannedAt["micrometres"];
  /** Whether or not its pixels were made square. */
  readonly pixelAspectOfFile: number;
  /** What its format decided. */
  readonly ofFormat: readonly string[];
}

export function notesOf(
  facts: Omit<SlideSummary, "notes">,
  { grid, wanted, otherPictures, tiles, notOnLevel, micrometres, pixelAspectOfFile, ofFormat }: Circumstances
): string[] {
  const {
    taken,
    of,
    grid: count,
    side,
    width,
    height,
    levels,
    level,
    shrunkBy,
    pixelAspect,
    magnification,
    scannedAt,
    magnificationFrom,
    micrometresPerPixel
  } = facts;
  const notes = [
    taken === of
      ? `${taken} ${taken === 1 ? "patch" : "patches"} with tissue, of ${count} of ${side}×${side} pixels`
      : `${taken} of ${of} patches with tissue, evenly spaced, of ${count} of ${side}×${side} pixels`,
    `${magnification === null ? "seen" : `seen at ${rounded(magnification)}x`}: level ${level} of 0 to ${levels - 1}${shrunkBy === 1 ? "" : `, shrunk ${rounded(shrunkBy)} times`}`
  ];
  if (scannedAt !== null && magnificationFrom !== null) {
    notes.push(
      `scanned at ${rounded(scannedAt)}x by ${magnificationFrom}${micrometresPerPixel === null || pixelAspectOfFile !== 1 ? "" : `, ${rounded(micrometresPerPixel)} µm a pixel`}`
    );
    if (wanted !== undefined && magnification !== null && wanted > magnification * 1.02)
      notes.push(`${wanted}x was asked for; nothing is enlarged`);
  } else {
    notes.push("the file does not tell its magnification");
  }
  if (micrometres !== null && pixelAspectOfFile !== 1) {
    notes.push(
      `its pixels are ${describeAspect(pixelAspectOfFile)} (${rounded(micrometres.x)} µm across, ${rounded(micrometres.y)} µm down): ${pixelAspect === 1 ? "shown as they are stored" : "made square (bilinear)"}`
    );
  }
  notes.push(...ofFormat);
  if (tiles.missing > 0)
    notes.push(
      `shown as white background: ${tiles.missing} of ${tiles.of} tiles of the level, which the file leaves out (it is sparse)`
    );
  if (notOnLevel > 0)
    notes.push(
      `left out: ${notOnLevel} ${notOnLevel === 1 ? "patch" : "patches"} with tissue on a smaller level, of which this level holds nothing`
    );
  const share = 1 - Math.min(1, (count * grid.pitch.x * grid.pitch.y) / (width * height));
  if (share >= toldShare)
    notes.push(
      `left out: the right and lower edge, which make no whole patch (${Math.round(share * 100)} % of the slide)`
    );
  if (otherPictures > 0)
    notes.push(
      `left out: ${otherPictures} other picture${otherPictures === 1 ? "" : "s"} of the file (label, photograph of the glass or the like)`
    );
  return notes;
}
