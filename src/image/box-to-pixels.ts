/** A box on the square that the model sees → the pixels of the picture: the way back through padding and resizing. */
import { squareSize } from "./square-pixels.js";
import type { ImageFit, PixelBox } from "./types.js";

/** MedGemma counts from 0 to 1000 along each edge of the square, whatever its size (Google's notebooks). */
export const boxScale = 1000;

/**
 * The part of the box that lies on the picture; what reaches into the black bars is cut off. With crops, boxes are on the
 * whole picture, which is padded.
 *
 * @param box [y0, x0, y1, x1], 0 to 1000, with y0 < y1 and x0 < x1.
 * @param image Size in pixels as they are stored, how high a pixel is by its width where it was made square first, and how the
 *   picture became a square.
 * @returns In hundredths of a pixel; null for a box that lies in the bars altogether.
 */
export function boxToPixels(
  [y0, x0, y1, x1]: readonly [number, number, number, number],
  {
    width,
    height,
    fit,
    pixelAspect = 1
  }: {
    readonly width: number;
    readonly height: number;
    readonly fit: ImageFit;
    readonly pixelAspect?: number | undefined;
  }
): PixelBox | null {
  const seen = squareSize({ width, height }, pixelAspect);
  const side = Math.max(seen.width, seen.height);
  const edge = (length: number, stored: number) =>
    fit === "stretch"
      ? { length, bar: 0, scale: stored / length }
      : { length: side, bar: Math.floor((side - length) / 2), scale: stored / length };
  const [across, down] = [edge(seen.width, width), edge(seen.height, height)];
  const pixel = (at: number, { length, bar, scale }: typeof across, end: number) =>
    Math.min(Math.max(((at * length) / boxScale - bar) * scale, 0), end);
  const [left, right] = [pixel(x0, across, width), pixel(x1, across, width)];
  const [top, bottom] = [pixel(y0, down, height), pixel(y1, down, height)];
  if (left >= right || top >= bottom) return null;
  return { x: hundredths(left), y: hundredths(top), width: hundredths(right - left), height: hundredths(bottom - top) };
}

function hundredths(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
