/** Colours of a profile → sRGB, by lcms in libvips, which takes a profile only from a file: a TIFF picture, made here. */
import { maxPixels } from "../shared/picture-size.js";
import { loadSharp } from "./sharp.js";

/** TIFF 6.0, section 2. */
const [short, long, undefinedBytes] = [3, 4, 7] as const;

/**
 * @param rgb Row-major, `width * height * 3` bytes; so is the result.
 * @param icc Of RGB; or of gray, for a picture that is gray.
 */
export async function convertToSrgb(
  rgb: Uint8Array,
  { width, height, icc }: { readonly width: number; readonly height: number; readonly icc: Buffer }
): Promise<Uint8Array> {
  const isGray = icc.toString("latin1", 16, 20) === "GRAY";
  const samples = isGray ? rgb.filter((_level, index) => index % 3 === 0) : rgb;
  const [minIsBlack, asRgb] = [1, 2];
  const headerBytes = 8;
  const entries: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, 1, 8], // bits: one number stands for all samples
    [259, short, 1, 1], // not compressed
    [262, short, 1, isGray ? minIsBlack : asRgb],
    [273, long, 1, headerBytes], // where the only strip lies
    [277, short, 1, isGray ? 1 : 3],
    [278, long, 1, height],
    [279, long, 1, samples.length],
    [34675, undefinedBytes, icc.length, headerBytes + samples.length]
  ];
  const header = Buffer.from("II*\0\0\0\0\0", "latin1");
  header.writeUInt32LE(headerBytes + samples.length + icc.length, 4);
  const directory = Buffer.alloc(2 + 12 * entries.length + 4);
  directory.writeUInt16LE(entries.length, 0);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const at = 2 + 12 * index;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(count, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  const tiff = Buffer.concat([header, samples, icc, directory]);
  return await loadSharp()(tiff, { limitInputPixels: maxPixels })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer();
}
