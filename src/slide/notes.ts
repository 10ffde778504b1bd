/** What was taken of a slide, in words. */
import { rounded } from "./choose-level.js";
import type { Grid } from "./grid.js";
import type { TileCount } from "./level.js";
import type { ScannedAt } from "./scanned-at.js";
import type { SlideSummary } from "./types.js";

/** What is left out at the edges is told from this share of the slide on. */
const toldShare = 0.01;

/** Pixels are told not to be square from this difference of their edges on. */
const toldAspect = 0.02;

interface Circumstances {
  readonly grid: Grid;
  readonly wanted: number | undefined;
  readonly otherPictures: number;
  /** Of the level that was read. */
  readonly tiles: TileCount;
  readonly micrometres: ScannedAt["micrometres"];
  /** What its format decided. */
  readonly ofFormat: readonly string[];
}

export function notesOf(facts: Omit<SlideSummary, "notes">, { grid, wanted, otherPictures, tiles, micrometres, ofFormat }: Circumstances): string[] {
  const { taken, of, grid: count, side, width, height, levels, level, shrunkBy, magnification, scannedAt, magnificationFrom, micrometresPerPixel } = facts;
  const notes = [
    taken === of ? `${taken} ${taken === 1 ? "patch" : "patches"} with tissue, of ${count} of ${side}×${side} pixels` : `${taken} of ${of} patches with tissue, evenly spaced, of ${count} of ${side}×${side} pixels`,
    `${magnification === null ? "seen" : `seen at ${rounded(magnification)}x`}: level ${level} of 0 to ${levels - 1}${shrunkBy === 1 ? "" : `, shrunk ${rounded(shrunkBy)} times`}`
  ];
  if (scannedAt !== null && magnificationFrom !== null) {
    notes.push(`scanned at ${rounded(scannedAt)}x by ${magnificationFrom}${micrometresPerPixel === null ? "" : `, ${rounded(micrometresPerPixel)} µm a pixel`}`);
    if (wanted !== undefined && magnification !== null && wanted > magnification * 1.02) notes.push(`${wanted}x was asked for; nothing is enlarged`);
  } else {
    notes.push("the file does not tell its magnification");
  }
  if (micrometres !== null && Math.abs(micrometres.x / micrometres.y - 1) > toldAspect) {
    notes.push(`its pixels are not square, ${rounded(micrometres.x)} µm across and ${rounded(micrometres.y)} µm down; the patches are distorted as the file is`);
  }
  notes.push(...ofFormat);
  if (tiles.missing > 0) notes.push(`shown as white background: ${tiles.missing} of ${tiles.of} tiles of the level, which the file leaves out (it is sparse)`);
  const share = 1 - Math.min(1, (count * grid.pitch * grid.pitch) / (width * height));
  if (share >= toldShare) notes.push(`left out: the right and lower edge, which make no whole patch (${Math.round(share * 100)} % of the slide)`);
  if (otherPictures > 0) notes.push(`left out: ${otherPictures} other picture${otherPictures === 1 ? "" : "s"} of the file (label, photograph of the glass or the like)`);
  return notes;
}
