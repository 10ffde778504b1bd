/** The whole slide as one small picture. */
import type { DecodedImage } from "../image/types.js";
import { withSquarePixels } from "../image/square-pixels.js";
import type { OpenSlide, SlideLevel } from "./level.js";

/** Read at once, along an edge: 50 MB as RGB. Pixels are shrunk by no more. */
const maxEdgeAtOnce = 4096;

/**
 * The smallest level whose longer edge is at least `side`, each k × k pixels averaged to one with the greatest k that keeps it so:
 * Pillow's `Image.reduce(k)`. Pixels that are not square are then made square.
 */
export async function readOverview(
  { name, levels }: OpenSlide,
  {
    side,
    pixelAspect,
    checkAborted
  }: { readonly side: number; readonly pixelAspect: number; readonly checkAborted: () => void }
): Promise<DecodedImage | null> {
  const longer = ({ width, height }: SlideLevel): number => Math.max(width, height);
  const level = levels.findLast((one, index) => index === 0 || longer(one) >= side);
  if (level === undefined) return null;
  const k = Math.min(maxEdgeAtOnce, Math.max(1, Math.floor(longer(level) / side)));
  const [width, height] = [Math.ceil(level.width / k), Math.ceil(level.height / k)];
  const rgb = new Uint8Array(width * height * 3);
  const edge = Math.floor(maxEdgeAtOnce / k) * k;
  for (let y = 0; y < level.height; y += edge) {
    for (let x = 0; x < level.width; x += edge) {
      checkAborted();
      const box = { x, y, width: Math.min(edge, level.width - x), height: Math.min(edge, level.height - y) };
      const part = averaged(await level.readRegion(box), box, k);
      for (let row = 0; row * part.width * 3 < part.rgb.length; row += 1) {
        rgb.set(
          part.rgb.subarray(row * part.width * 3, (row + 1) * part.width * 3),
          ((y / k + row) * width + x / k) * 3
        );
      }
    }
  }
  const { pixelAspect: _made, ...square } = withSquarePixels({
    source: `${name} (overview)`,
    width,
    height,
    rgb,
    pixelAspect
  });
  return square;
}

/** At the right and lower edge of what pixels there are. */
function averaged(
  rgb: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  k: number
): { readonly rgb: Uint8Array; readonly width: number } {
  const columns = Math.ceil(width / k);
  const means = new Uint8Array(columns * Math.ceil(height / k) * 3);
  const sums = new Float64Array(columns * 3);
  for (let top = 0; top < height; top += k) {
    const bottom = Math.min(height, top + k);
    sums.fill(0);
    for (let row = top; row < bottom; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const [from, to] = [(row * width + column) * 3, Math.floor(column / k) * 3];
        for (let sample = 0; sample < 3; sample += 1)
          sums[to + sample] = (sums[to + sample] ?? 0) + (rgb[from + sample] ?? 0);
      }
    }
    for (let at = 0; at < sums.length; at += 1) {
      const across = Math.min(k, width - Math.floor(at / 3) * k);
      means[(top / k) * columns * 3 + at] = Math.floor((sums[at] ?? 0) / (across * (bottom - top)) + 0.5);
    }
  }
  return { rgb: means, width: columns };
}
