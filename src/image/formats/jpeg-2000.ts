/** JPEG 2000, codestreams and JP2 files: decoded by OpenJPEG, which src/dicom has in a thread of its own. */
import { decodeFrame } from "../../dicom/codecs.js";
import { readCodestream } from "../../dicom/codestream.js";
import { colorToRgb } from "../../dicom/color.js";
import { profileNotes, useOfProfile } from "../icc-profile.js";
import { UnreadForm } from "../unread-form.js";
import { levels, type OpenPicture, type Raster } from "../raster.js";

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
  if (components !== 1 && components !== 3)
    throw new UnreadForm(`JPEG 2000 with ${components} components; expected gray or three colours`);
  if (precision < 2 || precision > 16 || (components === 3 && precision > 8))
    throw new UnreadForm(
      `JPEG 2000 of ${components} components with ${precision} bits; expected up to ${components === 3 ? 8 : 16}`
    );
  const { buffer } = Uint8Array.from(await decodeFrame(bytes, "jpeg-2000", header));
  const samples =
    precision <= 8
      ? isSigned
        ? new Int8Array(buffer)
        : new Uint8Array(buffer)
      : isSigned
        ? new Int16Array(buffer)
        : new Uint16Array(buffer);
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
export async function decodeJpeg2000Rgb(
  bytes: Uint8Array,
  expected: { readonly width: number; readonly height: number; readonly isYcbcr: boolean; readonly isInverted: boolean }
): Promise<Uint8Array> {
  const { width, height, precision, hasColorTransform } = readJpeg2000Header(bytes);
  if (width !== expected.width || height !== expected.height)
    throw new Error(`a tile has ${width}×${height} pixels; expected ${expected.width}×${expected.height}`);
  if (precision !== 8) throw new Error(`a tile has samples of ${precision} bits; expected 8`);
  const { samples, channels } = await decodeJpeg2000(bytes);
  if (channels === 3)
    return colorToRgb({
      values: samples,
      bits: 8,
      photometric: expected.isYcbcr && !hasColorTransform ? "YBR_FULL" : "RGB"
    });
  const rgb = new Uint8Array(width * height * 3);
  for (let index = 0; index < samples.length; index += 1)
    rgb.fill(expected.isInverted ? 255 - (samples[index] ?? 0) : (samples[index] ?? 0), 3 * index, 3 * index + 3);
  return rgb;
}

/** A JP2 file, or a codestream alone. */
export function isJpeg2000File(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (
    bytes.length >= 12 &&
    (view.getUint32(0) === 0xff4fff51 ||
      (view.getUint32(0) === 12 && view.getUint32(4) === 0x6a502020 && view.getUint32(8) === 0x0d0a870a))
  );
}

/** @throws DicomError; Error for what is not read here */
export function openJpeg2000(bytes: Uint8Array): OpenPicture {
  const { width, height, precision, hasColorTransform, isSigned } = readJpeg2000Header(bytes);
  const { hasPalette, isYcbcr, icc } = readBoxes(bytes);
  if (hasPalette) throw new UnreadForm("JPEG 2000 with a palette");
  return {
    width,
    height,
    hasValues: precision > 8 || isSigned,
    decode: async (): Promise<Raster> => {
      const { channels, samples, bits } = await decodeJpeg2000(bytes);
      const isLevels = samples instanceof Uint8Array;
      const size = { width, height };
      const use = useOfProfile(icc, channels === 3 ? "rgb" : "gray");
      const coloured = { icc: use === "convert" ? (icc ?? null) : null, notes: profileNotes[use] };
      if (isLevels && channels === 3)
        return {
          ...levels(
            size,
            3,
            colorToRgb({ values: samples, bits, photometric: isYcbcr && !hasColorTransform ? "YBR_FULL" : "RGB" })
          ),
          ...coloured
        };
      if (channels === 3) throw new UnreadForm("JPEG 2000 in colour with signed samples");
      if (isLevels)
        return {
          ...levels(
            size,
            1,
            bits === 8
              ? samples
              : Uint8Array.from(samples, (value) => Math.floor((value * 255) / (2 ** bits - 1) + 0.5))
          ),
          ...coloured
        };
      return { ...levels(size, 1, new Uint8Array()), samples, white: null };
    }
  };
}

/** Boxes of the JP2 header (ISO 15444-1 annex I): what a codestream does not say. */
function readBoxes(bytes: Uint8Array): {
  readonly hasPalette: boolean;
  readonly isYcbcr: boolean;
  readonly icc: Buffer | undefined;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [hasPalette, isYcbcr] = [false, false];
  let icc: Buffer | undefined;
  const [header, palette, colour, stream] = ["jp2h", "pclr", "colr", "jp2c"].map((name) =>
    Buffer.from(name).readUInt32BE(0)
  );
  if (view.getUint32(0) !== 12) return { hasPalette, isYcbcr, icc };
  for (let at = 0; at + 8 <= bytes.length;) {
    const [length, type] = [view.getUint32(at), view.getUint32(at + 4)];
    if (type === stream || length < 8) break;
    if (type === palette) hasPalette = true;
    if (type === colour && at + 15 <= bytes.length) {
      const [enumerated, restrictedProfile, anyProfile, sYcc] = [1, 2, 3, 18];
      const method = bytes[at + 8];
      if (method === enumerated && view.getUint32(at + 11) === sYcc) isYcbcr = true;
      if (method === restrictedProfile || method === anyProfile)
        icc = Buffer.from(bytes.subarray(at + 11, at + length));
    }
    at += type === header ? 8 : length; // into the header, past all others
  }
  return { hasPalette, isYcbcr, icc };
}
