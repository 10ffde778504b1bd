/** Colours of a profile → sRGB, by lcms in libvips, which takes a profile only from a file: a PNG picture, made here. */
import { crc32, deflateSync } from "node:zlib";
import { maxPixels } from "../picture-size.js";
import { loadSharp } from "./sharp.js";

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * @param rgb Row-major, `width * height * 3` bytes; so is the result.
 * @param icc Of RGB; or of gray, for a picture that is gray.
 */
export async function convertToSrgb(rgb: Uint8Array, { width, height, icc }: { readonly width: number; readonly height: number; readonly icc: Buffer }): Promise<Uint8Array> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const isGray = icc.toString("latin1", 16, 20) === "GRAY";
  header.set([8, isGray ? 0 : 2], 8); // bits, colour type
  const samples = isGray ? rgb.filter((_level, index) => index % 3 === 0) : rgb;
  const rowBytes = width * (isGray ? 1 : 3);
  const rows = Buffer.alloc(height * (1 + rowBytes)); // each begins with its filter: none
  for (let row = 0; row < height; row += 1) rows.set(samples.subarray(row * rowBytes, (row + 1) * rowBytes), row * (1 + rowBytes) + 1);
  const png = Buffer.concat([pngSignature, chunk("IHDR", header), chunk("iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), deflateSync(icc)])), chunk("IDAT", deflateSync(rows, { level: 0 })), chunk("IEND", Buffer.alloc(0))]);
  return await loadSharp()(png, { limitInputPixels: maxPixels }).toColourspace("srgb").raw({ depth: "uchar" }).toBuffer();
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
