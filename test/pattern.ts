/** The picture that scripts/reference/crops.py draws, pixel by pixel. */
import type { DecodedImage } from "../src/index.js";

export function pattern(width: number, height: number): DecodedImage {
  const rgb = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rgb[at++] = x * 7 + y * 13;
      rgb[at++] = Math.floor((x * y) / 8) + x;
      rgb[at++] = (x * 3) ^ (y * 5);
    }
  }
  return { source: `${width}x${height}`, width, height, rgb };
}
