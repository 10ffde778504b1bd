/** A level that is put together from pictures, each at its place: areas that were scanned by themselves. */
import type { PixelBox } from "../image/types.js";
import { overlapOf, paste, sumOf, type SlideLevel, type TileCount } from "./level.js";

export interface PlacedPart {
  /** In pixels of the level. */
  readonly box: PixelBox;
  /** @param inside In pixels of the part, from its own upper left corner. */
  readonly readRegion: (inside: PixelBox) => Promise<Uint8Array>;
  readonly countTiles: (inside?: PixelBox) => Promise<TileCount>;
}

/** White where nothing lies. A part covers those that come before it. */
export function placedLevel(
  size: Pick<SlideLevel, "width" | "height" | "downsample">,
  parts: readonly PlacedPart[]
): SlideLevel {
  const within = (box: PixelBox): { readonly part: PlacedPart; readonly inside: PixelBox; readonly own: PixelBox }[] =>
    parts.flatMap((part) => {
      const inside = overlapOf(box, part.box);
      return inside === null
        ? []
        : [{ part, inside, own: { ...inside, x: inside.x - part.box.x, y: inside.y - part.box.y } }];
    });
  return {
    ...size,
    countTiles: async (box) =>
      sumOf(
        await Promise.all(
          box === undefined
            ? parts.map(async (part) => await part.countTiles())
            : within(box).map(async ({ part, own }) => await part.countTiles(own))
        )
      ),
    readRegion: async (box) => {
      const rgb = new Uint8Array(box.width * box.height * 3).fill(255);
      for (const { part, inside, own } of within(box))
        paste(rgb, box, { rgb: await part.readRegion(own), box: inside });
      return rgb;
    }
  };
}
