/** The square picture that the model sees → the bytes of a PNG file. */
import { loadSharp } from "./sharp.js";
import type { Square } from "./types.js";

/** 8-bit RGB, nothing but the pixels. */
export async function encodePng(image: Pick<Square, "rgb" | "side">): Promise<Buffer> {
  return await loadSharp()(image.rgb, { raw: { width: image.side, height: image.side, channels: 3 } })
    .png()
    .toBuffer();
}
