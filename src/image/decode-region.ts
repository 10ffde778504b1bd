/** A part of a TIFF picture → 8-bit RGB by libvips, damage noticed. The colour rules are those of `decodeImage`. */
import { loadSharp } from "./sharp.js";
import type { PixelBox } from "./types.js";

/**
 * @param tiff The bytes of a TIFF file; the first picture counts.
 * @param options.pixels Of the whole picture.
 * @param options.hasAlpha Whether a sample beyond the colours says how clear a pixel is; else it is left out.
 * @returns row-major, `width * height * 3` bytes
 * @throws Error of libvips
 */
export async function decodeTiffRegion(
  tiff: Uint8Array,
  { x, y, width, height }: PixelBox,
  { pixels, hasAlpha }: { readonly pixels: number; readonly hasAlpha: boolean }
): Promise<Uint8Array> {
  // "warning": with less, libvips passes over tiles of LZW and deflate that cannot be decoded, and leaves them as they are.
  const part = loadSharp()(tiff, { limitInputPixels: pixels, failOn: "warning", ignoreIcc: true }).extract({
    left: x,
    top: y,
    width,
    height
  });
  return await (hasAlpha ? part.flatten({ background: "#000000" }) : part.removeAlpha())
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer();
}

/**
 * A whole JPEG stream, its colours as libjpeg takes them.
 *
 * @param options.pixels The most that it may have.
 * @returns row-major, `width * height * 3` bytes
 * @throws Error of libvips
 */
export async function decodeJpeg(
  jpeg: Uint8Array,
  { pixels }: { readonly pixels: number }
): Promise<{ readonly rgb: Uint8Array; readonly width: number; readonly height: number }> {
  const { data, info } = await loadSharp()(jpeg, { limitInputPixels: pixels, failOn: "warning", ignoreIcc: true })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { rgb: data, width: info.width, height: info.height };
}

/**
 * Is a JPEG stream whole? libvips does not ask this of the tiles of a TIFF file, and fills what is missing with gray.
 *
 * @param options.pixels The most that it may have.
 * @throws Error of libvips
 */
export async function checkJpeg(jpeg: Uint8Array, { pixels }: { readonly pixels: number }): Promise<void> {
  await loadSharp()(jpeg, { limitInputPixels: pixels, failOn: "warning", ignoreIcc: true }).raw().toBuffer();
}
