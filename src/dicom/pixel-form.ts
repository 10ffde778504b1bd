/** How the value of Pixel Data is written, where the transfer syntax may tell it wrong. */
import { codecOf } from "./codestream.js";
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import type { Element } from "./elements.js";
import type { ImagePixel } from "./image-pixel.js";
import type { Codec } from "./transfer-syntax.js";

/** The items of compressed frames; the stream of one compressed frame alone; or uncompressed. */
export type PixelForm = "items" | "stream" | "native";

/**
 * Its length and its first bytes tell, whatever the transfer syntax says.
 *
 * @throws DicomError for pixels that should be compressed, and are none of it
 */
export function formOfPixels(dataSet: DataSet, element: Element, pixel: ImagePixel, said: Codec): PixelForm {
  if (element.hasUndefinedLength) return "items";
  const native = nativeBytes(pixel);
  // A byte more makes the length even.
  if (element.length === native || element.length === native + 1) return "native";
  const value = dataSet.bytes.subarray(element.offset, element.offset + element.length);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (
    value.length >= 8 &&
    view.getUint16(0, dataSet.isLittleEndian) === 0xfffe &&
    view.getUint16(2, dataSet.isLittleEndian) === 0xe000
  )
    return "items";
  const codec = codecOf(value);
  if (pixel.frames === 1 && codec !== null && codec !== "rle") return "stream";
  if (said === "none") return "native";
  throw new DicomError(
    `its pixels should be compressed, but are neither items nor one of the streams that are read here, and without compression they would have ${native} bytes; found ${element.length}`
  );
}

/** Of all frames, uncompressed. */
function nativeBytes(pixel: ImagePixel): number {
  const samples = pixel.photometric === "YBR_FULL_422" ? 2 : pixel.samplesPerPixel;
  return Math.ceil((pixel.rows * pixel.columns * samples * pixel.bitsAllocated * pixel.frames) / 8);
}
