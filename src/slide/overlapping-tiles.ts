/** Tiles that were scanned with an overlap: each begins where the one before it ends, less the overlap, and covers what overlaps. */
import type { PixelBox } from "../image/types.js";
import { isLeftOut, overlapOf, paste, sumOf } from "./level.js";
import type { PlacedPart } from "./placed-parts.js";
import { countTiles, readTiledRegion, type TiledPicture } from "./tiled-picture.js";

/** Some tiles of a picture. What is in pixels may have a fraction. */
export interface OverlappingTiles {
  /** Of the first one, counted in tiles. */
  readonly column: number;
  readonly row: number;
  readonly columns: number;
  readonly rows: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** From one to the next: less than a tile. */
  readonly stepX: number;
  readonly stepY: number;
}

/** Where the first of them lies on the level. */
interface Corner {
  readonly x: number;
  readonly y: number;
}

/** At the nearest whole pixel, each tile for itself. What the file leaves out of the tiles covers nothing. */
export function overlappingTiles(
  name: string,
  picture: TiledPicture,
  tiles: OverlappingTiles,
  corner: Corner
): PlacedPart {
  const { columns, rows, tileWidth, tileHeight, stepX, stepY } = tiles;
  const [left, top] = [Math.round(corner.x), Math.round(corner.y)];
  /** In the picture. */
  const stored = (column: number, row: number): PixelBox => {
    const [x, y] = [Math.round((tiles.column + column) * tileWidth), Math.round((tiles.row + row) * tileHeight)];
    return {
      x,
      y,
      width: Math.min(picture.width, Math.round((tiles.column + column + 1) * tileWidth)) - x,
      height: Math.min(picture.height, Math.round((tiles.row + row + 1) * tileHeight)) - y
    };
  };
  /** On the level, from the corner on. */
  const placed = (column: number, row: number): PixelBox => ({
    ...stored(column, row),
    x: Math.round(corner.x + column * stepX) - left,
    y: Math.round(corner.y + row * stepY) - top
  });
  const isThere = async (column: number, row: number): Promise<boolean> =>
    column < columns && row < rows && !isLeftOut(await countTiles(picture, stored(column, row)));
  /** Without what the tiles to the right and below cover. */
  const visible = async (column: number, row: number): Promise<PixelBox> => {
    const box = placed(column, row);
    const next = placed(column + 1, row + 1);
    return {
      ...box,
      width: (await isThere(column + 1, row)) ? Math.min(box.width, next.x - box.x) : box.width,
      height: (await isThere(column, row + 1)) ? Math.min(box.height, next.y - box.y) : box.height
    };
  };
  const readRegion = async (box: PixelBox): Promise<Uint8Array> => {
    const rgb = new Uint8Array(box.width * box.height * 3).fill(255);
    for (const [column, row] of touched(box, tiles)) {
      if (!(await isThere(column, row))) continue;
      const inside = overlapOf(box, await visible(column, row));
      if (inside === null) continue;
      const [from, at] = [stored(column, row), placed(column, row)];
      paste(rgb, box, {
        rgb: await readTiledRegion(name, picture, {
          ...inside,
          x: inside.x - at.x + from.x,
          y: inside.y - at.y + from.y
        }),
        box: inside
      });
    }
    return rgb;
  };
  const last = placed(columns - 1, rows - 1);
  const [first, end] = [stored(0, 0), stored(columns - 1, rows - 1)];
  return {
    box: { x: left, y: top, width: last.x + last.width, height: last.y + last.height },
    readRegion,
    countTiles: async (box) => {
      if (box === undefined)
        return await countTiles(picture, {
          ...first,
          width: end.x + end.width - first.x,
          height: end.y + end.height - first.y
        });
      const inside = [...touched(box, tiles)].filter(([column, row]) => overlapOf(box, placed(column, row)) !== null);
      return sumOf(
        await Promise.all(inside.map(async ([column, row]) => await countTiles(picture, stored(column, row))))
      );
    }
  };
}

/** Tiles that may lie in the box, row by row. */
function* touched(
  box: PixelBox,
  { columns, rows, tileWidth, tileHeight, stepX, stepY }: OverlappingTiles
): Generator<readonly [column: number, row: number]> {
  const range = (
    from: number,
    length: number,
    { tile, step, count }: { readonly tile: number; readonly step: number; readonly count: number }
  ): readonly [number, number] => [
    Math.max(0, Math.floor((from - tile) / step)),
    Math.min(count - 1, Math.ceil((from + length) / step))
  ];
  const [firstColumn, lastColumn] = range(box.x, box.width, { tile: tileWidth, step: stepX, count: columns });
  const [firstRow, lastRow] = range(box.y, box.height, { tile: tileHeight, step: stepY, count: rows });
  for (let row = firstRow; row <= lastRow; row += 1)
    for (let column = firstColumn; column <= lastColumn; column += 1) yield [column, row];
}
