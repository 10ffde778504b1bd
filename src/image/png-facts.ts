/** What libvips does not tell of a PNG picture: that it is animated, and what stands behind its pixels. */

export interface PngFacts {
  /** Of an animation (APNG), the still picture included; 1: it is none. */
  readonly pages: number;
  /** The TIFF structure of its EXIF data. */
  readonly exif: Buffer | undefined;
}

/** Chunks up to the last that is whole. */
export function readPngFacts(bytes: Uint8Array): PngFacts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [frames, isFirstFrame, hasPixels] = [0, false, false];
  let exif: Buffer | undefined;
  for (let at = 8; at + 12 <= buffer.length; ) {
    const [length, type] = [buffer.readUInt32BE(at), buffer.toString("latin1", at + 4, at + 8)];
    const data = buffer.subarray(at + 8, at + 8 + length);
    if (type === "acTL" && length >= 4) frames = data.length < 4 ? 0 : data.readUInt32BE(0);
    if (type === "fcTL" && !hasPixels) isFirstFrame = true;
    if (type === "IDAT") hasPixels = true;
    if (type === "eXIf") exif = data;
    at += 12 + length;
  }
  return { pages: frames === 0 ? 1 : frames + (isFirstFrame ? 0 : 1), exif };
}
