/** JPEG 2000, codestreams and JP2 files: decoded by OpenJPEG, which src/dicom has in a thread of its own. */
import { decodeFrame } from "../dicom/codecs.js";
import { readCodestream } from "../dicom/codestream.js";
import { colorToRgb } from "../dicom/color.js";

export interface Jpeg2000 {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Of a sample, up to 16. */
  readonly bits: number;
  /** Row-major, samples of a pixel side by side. */
  readonly samples: Uint8Array | Uint16Array | Int8Array | Int16Array;
}

/** What the header says, before memory is taken. @throws DicomError */
export function readJpeg2000Header(bytes: Uint8Array): ReturnType<typeof readCodestream> {
  return readCodestream(bytes, "jpeg-2000");
}

/** Gray or three components, with or without sign. @throws DicomError; Error for what is not read here */
export async function decodeJpeg2000(bytes: Uint8Array): Promise<Jpeg2000> {
  const header = readJpeg2000Header(bytes);
  const { width, height, components, precision, isSigned } = header;
  if (components !== 1 && components !== 3) throw new Error(`JPEG 2000 with ${components} components; expected gray or colours`);
  if (precision < 2 || precision > 16 || (components === 3 && precision > 8)) throw new Error(`JPEG 2000 of ${components} components with ${precision} bits; expected up to ${components === 3 ? 8 : 16}`);
  const { buffer } = Uint8Array.from(await decodeFrame(bytes, "jpeg-2000", header));
  const samples = precision <= 8 ? (isSigned ? new Int8Array(buffer) : new Uint8Array(buffer)) : isSigned ? new Int16Array(buffer) : new Uint16Array(buffer);
  return { width, height, channels: components, bits: precision, samples };
}

/**
 * One tile of a slide.
 *
 * @param expected Its size, which is checked before it is decoded; whether its components are YCbCr without a transform of
 *   their own; whether gray is turned over.
 * @returns 8-bit RGB, row-major
 * @throws DicomError; Error for what is not read here
 */
export async function decodeJpeg2000Rgb(bytes: Uint8Array, expected: { readonly width: number; readonly height: number; readonly isYcbcr: boolean; readonly isInverted: boolean }): Promise<Uint8Array> {
  const { width, height, precision, hasColorTransform } = readJpeg2000Header(bytes);
  if (width !== expected.width || height !== expected.height) throw new Error(`a tile has ${width}×${height} pixels; expected ${expected.width}×${expected.height}`);
  if (precision !== 8) throw new Error(`a tile has samples of ${precision} bits; expected 8`);
  const { samples, channels } = await decodeJpeg2000(bytes);
  if (channels === 3) return colorToRgb({ values: samples, bits: 8, photometric: expected.isYcbcr && !hasColorTransform ? "YBR_FULL" : "RGB" });
  const rgb = new Uint8Array(width * height * 3);
  for (let index = 0; index < samples.length; index += 1) rgb.fill(expected.isInverted ? 255 - (samples[index] ?? 0) : (samples[index] ?? 0), 3 * index, 3 * index + 3);
  return rgb;
}
