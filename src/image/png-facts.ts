/** What libvips does not tell of a PNG picture: that it is animated, what stands behind its pixels, and what libpng is too strict for. */
import { inflateSync } from "node:zlib";

export interface PngFacts {
  /** Of an animation (APNG), the still picture included; 1: it is none. */
  readonly pages: number;
  /** The TIFF structure of its EXIF data. */
  readonly exif: Buffer | undefined;
  /** Its colour profile. */
  readonly icc: Buffer | undefined;
}

/** Of a profile, or of EXIF data. */
const maxInflated = 2 ** 24;

/** Chunks up to the last that is whole. */
export function readPngFacts(bytes: Uint8Array): PngFacts {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [frames, isFirstFrame, hasPixels] = [0, false, false];
  let [exif, icc]: [Buffer | undefined, Buffer | undefined] = [undefined, undefined];
  for (let at = 8; at + 12 <= buffer.length;) {
    const [length, type] = [buffer.readUInt32BE(at), buffer.toString("latin1", at + 4, at + 8)];
    const data = buffer.subarray(at + 8, at + 8 + length);
    if (type === "acTL" && data.length >= 4) frames = data.readUInt32BE(0);
    if (type === "fcTL" && !hasPixels) isFirstFrame = true;
    if (type === "IDAT") hasPixels = true;
    if (type === "eXIf") exif = data;
    if (type === "tEXt" || type === "zTXt") exif ??= ofRawProfile(data, type === "zTXt");
    if (type === "iCCP") icc = inflated(data);
    at += 12 + length;
  }
  return { pages: frames === 0 ? 1 : frames + (isFirstFrame ? 0 : 1), exif, icc };
}

/** As ImageMagick wrote EXIF data before PNG had a chunk for it: a name, a length and hexadecimal digits. */
function ofRawProfile(data: Buffer, isDeflated: boolean): Buffer | undefined {
  if (!/^Raw profile type (?:exif|APP1)\0/.test(data.toString("latin1", 0, 40))) return undefined;
  const text = isDeflated ? inflated(data)?.toString("latin1") : data.toString("latin1", data.indexOf(0) + 1);
  const digits = /^\s*\w+\s+\d+\s+([\da-f\s]+)$/i.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Buffer.from(digits.replaceAll(/\s/g, ""), "hex");
}

/** Behind a name, a zero and the number of the method. */
function inflated(data: Buffer): Buffer | undefined {
  try {
    return inflateSync(data.subarray(data.indexOf(0) + 2), { maxOutputLength: maxInflated });
  } catch {
    return undefined; // damaged; libpng passes over it as well
  }
}
