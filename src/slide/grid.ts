/** The patches of a slide: squares side by side from the top left corner, whole ones only. */
import type { PixelBox } from "../image/types.js";
import type { SlideLevel } from "./level.js";

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** Of a patch, in pixels of the largest level; may have a fraction. */
  readonly pitch: number;
}

/** @param pitch Of a patch, in pixels of the level that it is read from. */
export function gridOf({ width, height, downsample }: Pick<SlideLevel, "width" | "height" | "downsample">, pitch: number): Grid {
  const whole = (edge: number): number => Math.floor(edge / pitch + 1e-6); // 4 patches of 0.1 shall be 4 of 0.4
  return { columns: whole(width), rows: whole(height), pitch: pitch * downsample };
}

/**
 * Patches of one row of the grid on a level, whole pixels of it: neighbours share an edge.
 *
 * @param count How many, from `column` on.
 */
export function boxOnLevel({ pitch }: Grid, { width, height, downsample }: Pick<SlideLevel, "width" | "height" | "downsample">, { column, row, count = 1 }: { readonly column: number; readonly row: number; readonly count?: number }): PixelBox {
  const edge = (index: number, limit: number): number => Math.min(limit, Math.round((index * pitch) / downsample));
  const [x, y] = [edge(column, width - 1), edge(row, height - 1)];
  return { x, y, width: Math.max(1, edge(column + count, width) - x), height: Math.max(1, edge(row + 1, height) - y) };
}
