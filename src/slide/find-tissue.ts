/** Which patches of the grid hold tissue, looked up on a small level. */
import { boxOnLevel, type Grid } from "./grid.js";
import { isLeftOut, type SlideLevel } from "./level.js";
import { isTissue, meanLuminance } from "./tissue.js";
import type { SlideProgress } from "./types.js";

export interface Place {
  readonly column: number;
  readonly row: number;
}

/** A patch needs so many pixels along an edge for its mean to be that of all its pixels. */
const leastEdge = 16;

/** Read at once: 50 MB as RGB. */
const maxPixelsAtOnce = 2 ** 24;

/**
 * @param options.levels From the one that the patches are read from to the smallest.
 * @returns in reading order
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE, and what `checkAborted` throws
 */
export async function findTissue({
  levels,
  grid,
  checkAborted,
  onProgress
}: {
  readonly levels: readonly SlideLevel[];
  readonly grid: Grid;
  readonly checkAborted: () => void;
  readonly onProgress: ((progress: SlideProgress) => void) | undefined;
}): Promise<Place[]> {
  const { x, y } = grid.pitch;
  const level = levels.findLast(({ downsample }, index) => index === 0 || Math.min(x, y) / downsample >= leastEdge);
  const [read] = levels;
  if (level === undefined || read === undefined) return [];
  const isSparse = level !== read && (await level.countTiles()).missing > 0;
  const atOnce = Math.max(1, Math.floor(maxPixelsAtOnce / ((x / level.downsample) * (y / level.downsample))));
  const found: Place[] = [];
  for (let row = 0; row < grid.rows; row += 1) {
    for (let first = 0; first < grid.columns; first += atOnce) {
      checkAborted();
      const count = Math.min(atOnce, grid.columns - first);
      const run = boxOnLevel(grid, level, { column: first, row, count });
      const rgb = await level.readRegion(run);
      for (let column = first; column < first + count; column += 1) {
        const box = boxOnLevel(grid, level, { column, row });
        const hasTissue =
          isSparse && (await level.countTiles(box)).missing > 0
            ? await hasTissueOn(read, grid, { column, row })
            : isTissue(meanLuminance(rgb, run.width, { ...box, left: box.x - run.x }));
        if (hasTissue) found.push({ column, row });
      }
    }
    onProgress?.({ step: "searching for tissue", done: row + 1, of: grid.rows });
  }
  return found;
}

/** On the level that patches are read from: what a smaller one leaves out need not be glass. */
async function hasTissueOn(level: SlideLevel, grid: Grid, place: Place): Promise<boolean> {
  const box = boxOnLevel(grid, level, place);
  return (
    !isLeftOut(await level.countTiles(box)) &&
    isTissue(meanLuminance(await level.readRegion(box), box.width, { ...box, left: 0 }))
  );
}
