/** A level that is put together from pictures, each at its place: areas that were scanned by themselves, tiles that overlap. */
import type { PixelBox } from "../image/types.js";
import { overlapOf, paste, type SlideLevel, type TileCount } from "./level.js";

export interface PlacedPart {
  /** In pixels of the level. */
  readonly box: PixelBox;
  /** @param inside In pixels of the part, from its own upper left corner. */
  readonly readRegion: (inside: PixelBox) => Promise<Uint8Array>;
}

/** White where nothing lies. A part covers those that come before it. */
export function placedLevel(size: Pick<SlideLevel, "width" | "height" | "downsample">, parts: readonly PlacedPart[], countTiles: () => Promise<TileCount>): SlideLevel {
  return {
    ...size,
    countTiles,
    readRegion: async (box) => {
      const rgb = new Uint8Array(box.width * box.height * 3).fill(255);
      for (const part of parts) {
        const inside = overlapOf(box, part.box);
        if (inside === null) continue;
        const read = await part.readRegion({ ...inside, x: inside.x - part.box.x, y: inside.y - part.box.y });
        paste(rgb, box, { rgb: read, box: inside });
      }
      return rgb;
    }
  };
}
