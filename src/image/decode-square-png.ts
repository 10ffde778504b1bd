/** The way back of `encodePng`: the pixels of a square picture that this package wrote. */
import { createHash } from "node:crypto";
import { loadSharp } from "./sharp.js";

export interface SquarePixels {
  readonly side: number;
  readonly rgb: Uint8Array;
  /** sha256 (hex) of `rgb`. */
  readonly sha256: string;
}

/** @returns null when the bytes are no square RGB picture */
export async function decodeSquarePng(bytes: Uint8Array): Promise<SquarePixels | null> {
  const sharp = loadSharp();
  try {
    const { data, info } = await sharp(bytes, { failOn: "error" })
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.width !== info.height || info.channels !== 3) return null;
    return { side: info.width, rgb: data, sha256: createHash("sha256").update(data).digest("hex") };
  } catch {
    return null;
  }
}
