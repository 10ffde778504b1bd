/** The patches of a slide: squares side by side from the top left corner, whole ones only. */
import type { PixelBox } from "../image/types.js";
import type { SlideLevel } from "./level.js";

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** Of a patch, in pixels of the largest level. */
  readonly pitch: Pitch;
}

/** Edges of a patch in pixels of a level: different where these are not square. They may have fractions. */
export interface Pitch {
  readonly x: number;
  readonly y: number;
}

/** @param pitch Of a patch, in pixels of the level that it is read from. */
export function gridOf(
  { width, height, downsample }: Pick<SlideLevel, "width" | "height" | "downsample">,
  pitch: Pitch
): Grid {
  const whole = (edges: number): number => Math.floor(edges + 1e-6); // 4 patches of 0.1 shall be 4 of 0.4
  return {
    columns: whole(width / pitch.x),
    rows: whole(height / pitch.y),
    pitch: { x: pitch.x * downsample, y: pitch.y * downsample }
  };
}

/**
 * Patches of one row of the grid on a level, whole pixels of it: neighbours share an edge.
 *
 * @param count How many, from `column` on.
 */
export function boxOnLevel(
  { pitch }: Grid,
  { width, height, downsample }: Pick<SlideLevel, "width" | "height" | "downsample">,
  { column, row, count = 1 }: { readonly column: number; readonly row: number; readonly count?: number }
): PixelBox {
  const edge = (offset: number, limit: number): number => Math.min(limit, Math.round(offset / downsample));
  const [x, y] = [edge(column * pitch.x, width - 1), edge(row * pitch.y, height - 1)];
  return {
    x,
    y,
    width: Math.max(1, edge((column + count) * pitch.x, width) - x),
    height: Math.max(1, edge((row + 1) * pitch.y, height) - y)
  };
}
