/** What every format of slides becomes: levels whose pixels can be read in parts. */
import type { PixelBox } from "../image/types.js";
import type { ScannedAt } from "./scanned-at.js";

export interface SlideLevel {
  readonly width: number;
  readonly height: number;
  /** How many pixels of the largest level are one of this, along an edge. */
  readonly downsample: number;
  /**
   * What the file leaves out is white, as glass is.
   *
   * @param box Whole pixels, inside of the level.
   * @returns row-major, `width * height * 3` bytes
   * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
   */
  readonly readRegion: (box: PixelBox) => Promise<Uint8Array>;
  /** @param box Of which the tiles are counted; default: all. */
  readonly countTiles: (box?: PixelBox) => Promise<TileCount>;
}

export interface TileCount {
  /** Which the file leaves out: it is sparse. */
  readonly missing: number;
  /** 0 where nothing was scanned. */
  readonly of: number;
}

export function sumOf(counts: readonly TileCount[]): TileCount {
  return {
    missing: counts.reduce((sum, { missing }) => sum + missing, 0),
    of: counts.reduce((sum, { of }) => sum + of, 0)
  };
}

/** Whether nothing of a part is in the file, so that only white would be shown. */
export const isLeftOut = ({ missing, of }: TileCount): boolean => missing === of;

/** A slide file, open: to be closed. */
export interface OpenSlide {
  /** What to call it in messages. */
  readonly name: string;
  /** The largest first. */
  readonly levels: readonly SlideLevel[];
  /** null where the file does not tell. */
  readonly scanned: ScannedAt | null;
  /** Labels, photographs of the glass and the like, which are left out. */
  readonly otherPictures: number;
  /** What was decided for this format, for a person. */
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
}

/** What a format makes of an open file. */
export type SlideContent = Pick<OpenSlide, "levels" | "scanned" | "otherPictures"> & {
  readonly notes?: readonly string[];
};

/** Pixels of a part, put into a larger one; what reaches over its edges is cut. */
export function paste(
  rgb: Uint8Array,
  box: PixelBox,
  part: { readonly rgb: Uint8Array; readonly box: PixelBox }
): void {
  const inside = overlapOf(box, part.box);
  if (inside === null) return;
  for (let y = inside.y; y < inside.y + inside.height; y += 1) {
    const from = ((y - part.box.y) * part.box.width + inside.x - part.box.x) * 3;
    rgb.set(part.rgb.subarray(from, from + inside.width * 3), ((y - box.y) * box.width + inside.x - box.x) * 3);
  }
}

/** null where they do not overlap. */
export function overlapOf(a: PixelBox, b: PixelBox): PixelBox | null {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const [right, bottom] = [Math.min(a.x + a.width, b.x + b.width), Math.min(a.y + a.height, b.y + b.height)];
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : null;
}
