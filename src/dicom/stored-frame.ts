/** One frame of the file → its stored values: bits shifted into place, signs extended, planes and subsampling resolved. */
import type { DataSet } from "./data-set.js";
import { codecOf, readCodestream, type Codestream } from "./codestream.js";
import { decodeFrame } from "./codecs.js";
import { DicomError } from "./dicom-error.js";
import type { Element } from "./elements.js";
import { encapsulatedFrame } from "./encapsulated.js";
import type { ImagePixel, PhotometricInterpretation } from "./image-pixel.js";
import type { ParsedDicom } from "./parse.js";
import { formOfPixels } from "./pixel-form.js";
import { decodeRle } from "./rle.js";
import { tags } from "./tags.js";

export type StoredValues = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

export interface StoredFrame {
  /** Stored values, row by row, the samples of a pixel side by side: `rows * columns * samplesPerPixel`. */
  readonly values: StoredValues;
  /** Bits that a value can have: Bits Stored, or what the compressed frame says. */
  readonly bits: number;
  /** Colours as the values have them, which the file may tell wrong: JPEG 2000 gives RGB, and JPEG markers may say more. */
  readonly photometric: PhotometricInterpretation;
  /** Where the file contradicts itself, and what was done. */
  readonly warnings: readonly string[];
}

/**
 * @param frame From 0.
 * @throws DicomError
 */
export async function readStoredFrame(parsed: ParsedDicom, pixel: ImagePixel, frame: number): Promise<StoredFrame> {
  const { dataSet, syntax } = parsed;
  const element = dataSet.element(tags.PixelData);
  if (element === undefined) throw new DicomError("it has no pixels");
  const form = formOfPixels(dataSet, element, pixel, syntax.codec);
  if (form === "native") {
    const stored = nativeFrame(dataSet, element, pixel, frame);
    const warning =
      syntax.codec === "none"
        ? []
        : [
            `the transfer syntax of the file is ${syntax.name}, but its pixels are not compressed: read as they are, as GDCM does`
          ];
    return { ...stored, warnings: [...parsed.warnings, ...warning, ...stored.warnings] };
  }
  const { bytes: encoded, warnings: counted } =
    form === "items"
      ? encapsulatedFrame(dataSet, element, frame, pixel.frames)
      : { bytes: dataSet.bytes.subarray(element.offset, element.offset + element.length), warnings: [] };
  const codec = codecOf(encoded) ?? syntax.codec;
  if (codec === "none")
    throw new DicomError(
      "its pixels are encapsulated, but its transfer syntax is not for compressed pixels, and they begin like those of no codec that is read here"
    );
  const isOther = codec !== syntax.codec || form === "stream";
  const warnings = [
    ...parsed.warnings,
    ...(isOther
      ? [
          `the transfer syntax of the file is ${syntax.name}, but its frames are ${form === "stream" ? "a bare stream of " : ""}${codecNames[codec]}, which is followed`
        ]
      : []),
    ...counted
  ];
  if (codec === "rle") {
    const stored = rleFrame(encoded, pixel);
    return { ...stored, warnings: [...warnings, ...stored.warnings] };
  }
  const codestream = readCodestream(encoded, codec);
  checkAgainst(pixel, codestream, codec);
  const samples = await decodeFrame(encoded, codec, codestream);
  const isWavelet = codec === "jpeg-2000" || codec === "htj2k";
  // As pydicom: the codestream knows its depth, but for plain JPEG the file's Bits Stored counts.
  const bits =
    codec === "jpeg"
      ? Math.min(pixel.bitsStored, samples.length > pixelCount(pixel) * pixel.samplesPerPixel ? 16 : 8)
      : codestream.precision;
  const raw = toWords(samples, samples.length / (pixelCount(pixel) * pixel.samplesPerPixel), true);
  if (codec === "htj2k") clip(raw, codestream);
  const values = correctBits(raw, bits, 0, pixel.isSigned);
  const color = isWavelet
    ? waveletPhotometric(pixel.photometric, codestream)
    : jpegPhotometric(pixel.photometric, codestream);
  return {
    values: codestream.isPlanar ? interleave(values, pixelCount(pixel)) : values,
    bits,
    photometric: color.photometric,
    warnings: color.warning === null ? warnings : [...warnings, color.warning]
  };
}

const codecNames = {
  rle: "RLE",
  jpeg: "JPEG",
  "jpeg-ls": "JPEG-LS",
  "jpeg-2000": "JPEG 2000",
  htj2k: "HTJ2K"
} as const;

function pixelCount({ rows, columns }: ImagePixel): number {
  return rows * columns;
}

function nativeFrame(dataSet: DataSet, element: Element, pixel: ImagePixel, frame: number): StoredFrame {
  const { bitsAllocated, bitsStored, isSigned, samplesPerPixel, planarConfiguration } = pixel;
  const available = Math.min(element.length, dataSet.bytes.length - element.offset);
  // Said to have two pixels share their chroma, but stored with three samples for each: by its length it can only be the latter.
  const isWhole = pixel.photometric === "YBR_FULL_422" && available >= 3 * pixelCount(pixel) * pixel.frames;
  const photometric = isWhole ? "YBR_FULL" : pixel.photometric;
  const ofWhole = isWhole ? ["the file says YBR_FULL_422, but has three samples for each pixel: read as YBR_FULL"] : [];
  const is422 = photometric === "YBR_FULL_422";
  if (is422 && pixel.columns % 2 !== 0)
    throw new DicomError("its pixels are YBR_FULL_422 with an odd number of columns");
  const frameBits = pixelCount(pixel) * (is422 ? 2 : samplesPerPixel) * bitsAllocated;
  const needed = Math.ceil((frameBits * pixel.frames) / 8);
  if (available < needed) {
    throw new DicomError(
      `it says that it has ${pixel.frames === 1 ? "a frame" : `${pixel.frames} frames`} of ${needed} bytes, but holds ${Math.max(0, available)} bytes of pixels`
    );
  }
  const start = element.offset + Math.floor((frameBits * frame) / 8);
  const bytes = dataSet.bytes.subarray(start, element.offset + Math.ceil((frameBits * (frame + 1)) / 8));
  // Big-endian words with two samples of 8 bits each have them swapped, and so have those of 16 bits (PS3.5 8.1.1).
  const isSwapped = bitsAllocated <= 8 && !dataSet.isLittleEndian && element.vr === "OW";
  const ordered = isSwapped ? swappedPairs(dataSet.bytes, element.offset, start - element.offset, bytes.length) : bytes;
  if (bitsAllocated === 1)
    return { values: unpackBits(ordered, (frameBits * frame) % 8, frameBits), bits: 1, photometric, warnings: ofWhole };
  const raw = toWords(ordered, bitsAllocated / 8, dataSet.isLittleEndian);
  const { shift, warnings: ofShift } = placeOf(raw, pixel);
  const values = correctBits(raw, bitsStored, shift, isSigned);
  const warnings = [...ofWhole, ...ofShift];
  if (is422) return { values: expand422(values, pixelCount(pixel)), bits: bitsStored, photometric, warnings };
  return {
    values: samplesPerPixel === 3 && planarConfiguration === 1 ? interleave(values, pixelCount(pixel)) : values,
    bits: bitsStored,
    photometric,
    warnings
  };
}

function rleFrame(encoded: Uint8Array, pixel: ImagePixel): StoredFrame {
  const { bitsAllocated, bitsStored, isSigned, photometric, samplesPerPixel } = pixel;
  const bytesPerSample = bitsAllocated / 8;
  const decoded = decodeRle(encoded, { planes: samplesPerPixel, pixels: pixelCount(pixel), bytesPerSample });
  const raw = toWords(decoded, bytesPerSample, true);
  const { shift, warnings } = placeOf(raw, pixel);
  const values = correctBits(raw, bitsStored, shift, isSigned);
  return {
    values: samplesPerPixel === 3 ? interleave(values, pixelCount(pixel)) : values,
    bits: bitsStored,
    photometric,
    warnings
  };
}

/** The codec takes memory for what the codestream says, and its result is taken for a picture of the file's size. */
function checkAgainst(pixel: ImagePixel, codestream: Codestream, codec: string): void {
  const { width, height, components, precision } = codestream;
  if (width !== pixel.columns || height !== pixel.rows || components !== pixel.samplesPerPixel) {
    throw new DicomError(
      `it says that it has ${pixel.columns}×${pixel.rows} pixels of ${pixel.samplesPerPixel} samples, but a compressed frame has ${width}×${height} of ${components}`
    );
  }
  if (precision < 2 || precision > 16)
    throw new DicomError(`a compressed frame has samples of ${precision} bits; expected 2 to 16`);
  if (components === 1) return;
  if (codec === "jpeg-2000" && precision > 8)
    throw new DicomError(
      `a JPEG 2000 frame has colours of ${precision} bits; only 8 are read here. Convert it with gdcmconv -w (GDCM)`
    );
  if (codec === "htj2k" && !codestream.hasColorTransform) {
    throw new DicomError("an HTJ2K frame has colours without the colour transform, which are not read here");
  }
}

/** Little- or big-endian words → an array that may be changed. */
function toWords(
  bytes: Uint8Array,
  bytesPerWord: number,
  isLittleEndian: boolean
): Uint8Array | Uint16Array | Uint32Array {
  const copy = Buffer.from(Uint8Array.from(bytes).buffer);
  if (bytesPerWord === 1) return new Uint8Array(copy.buffer);
  if (bytesPerWord === 2) {
    if (!isLittleEndian) copy.swap16();
    return new Uint16Array(copy.buffer);
  }
  if (!isLittleEndian) copy.swap32();
  return new Uint32Array(copy.buffer);
}

/** @param base Where the first pair begins, which may be at an odd place of the file. */
function swappedPairs(file: Uint8Array, base: number, start: number, length: number): Uint8Array {
  const swapped = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) swapped[index] = file[base + ((start + index) ^ 1)] ?? 0;
  return swapped;
}

/** Lossy samples may go over the ends of their range; OpenJPEG clips them itself, OpenJPH to 16 bits only. */
function clip(raw: Uint8Array | Uint16Array | Uint32Array, { precision, isSigned }: Codestream): void {
  const words = isSigned ? new Int16Array(raw.buffer) : raw;
  const [least, most] = isSigned ? [-(2 ** (precision - 1)), 2 ** (precision - 1) - 1] : [0, 2 ** precision - 1];
  for (let index = 0; index < words.length; index += 1)
    words[index] = Math.min(most, Math.max(least, words[index] ?? 0));
}

/**
 * How many bits lie below the values. A High Bit that cannot be is not believed, nor one above which there is nothing, while below
 * the values that it means there is something. pydicom looks at none.
 */
function placeOf(
  raw: Uint8Array | Uint16Array | Uint32Array,
  { bitsAllocated, bitsStored, highBit, isSigned }: ImagePixel
): { readonly shift: number; readonly warnings: readonly string[] } {
  const shift = highBit + 1 - bitsStored;
  if (shift === 0) return { shift, warnings: [] };
  const taken = `taken for ${bitsStored - 1}, as pydicom does`;
  if (shift < 0 || highBit >= bitsAllocated)
    return {
      shift: 0,
      warnings: [
        `the High Bit of the file is ${highBit}, which cannot be with ${bitsStored} bits of ${bitsAllocated}: ${taken}`
      ]
    };
  const isNegative = (value: number) =>
    isSigned && value >>> (bitsStored - 1) === 2 ** (bitsAllocated - bitsStored + 1) - 1;
  const isLow =
    raw.every((value) => value < 2 ** bitsStored || isNegative(value)) && raw.some((value) => value % 2 ** shift !== 0);
  return isLow
    ? { shift: 0, warnings: [`the High Bit of the file is ${highBit}, but its values lie lower: ${taken}`] }
    : { shift, warnings: [] };
}

/** Takes the `bits` bits above `shift` as a number; the others may hold anything, overlays for example (PS3.5 8.1.1). */
function correctBits(
  raw: Uint8Array | Uint16Array | Uint32Array,
  bits: number,
  shift: number,
  isSigned: boolean
): StoredValues {
  const width = raw.BYTES_PER_ELEMENT * 8;
  const values = isSigned ? asSigned(raw) : raw;
  const [left, right] = [32 - bits - shift, 32 - bits];
  if (bits === width && shift === 0) return values;
  for (let index = 0; index < raw.length; index += 1) {
    const moved = (raw[index] ?? 0) << left;
    values[index] = isSigned ? moved >> right : moved >>> right;
  }
  return values;
}

function asSigned(raw: Uint8Array | Uint16Array | Uint32Array): StoredValues {
  if (raw instanceof Uint8Array) return new Int8Array(raw.buffer);
  return raw instanceof Uint16Array ? new Int16Array(raw.buffer) : new Int32Array(raw.buffer);
}

/** Least significant bit first (PS3.5 8.1.1, figure D). */
function unpackBits(bytes: Uint8Array, firstBit: number, count: number): Uint8Array {
  return Uint8Array.from(
    { length: count },
    (_one, index) => ((bytes[(firstBit + index) >> 3] ?? 0) >> ((firstBit + index) & 7)) & 1
  );
}

/** Three planes → samples side by side. */
function interleave<Values extends StoredValues>(planes: Values, pixels: number): Values {
  const interleaved = planes.slice() as Values;
  for (let sample = 0; sample < 3; sample += 1) {
    for (let index = 0; index < pixels; index += 1)
      interleaved[3 * index + sample] = planes[sample * pixels + index] ?? 0;
  }
  return interleaved;
}

/** Y1 Y2 Cb Cr for two pixels → Y1 Cb Cr Y2 Cb Cr. */
function expand422(values: StoredValues, pixels: number): Uint8Array {
  const expanded = new Uint8Array(3 * pixels);
  for (let pair = 0; pair < pixels / 2; pair += 1) {
    const [y1 = 0, y2 = 0, cb = 0, cr = 0] = values.subarray(4 * pair, 4 * pair + 4);
    expanded.set([y1, cb, cr, y2, cb, cr], 6 * pair);
  }
  return expanded;
}

interface ToldColors {
  readonly photometric: PhotometricInterpretation;
  readonly warning: string | null;
}

/** A colour transform gives RGB; without one the components are what the file says. */
function waveletPhotometric(
  photometric: PhotometricInterpretation,
  { hasColorTransform, components }: Codestream
): ToldColors {
  const isTransformed = components === 3 && hasColorTransform;
  if (isTransformed && photometric.startsWith("YBR_FULL"))
    return {
      photometric: "RGB",
      warning: `the file says ${photometric}, but its JPEG 2000 frame has a colour transform that gives RGB, which is followed`
    };
  return {
    photometric: isTransformed || photometric === "YBR_ICT" || photometric === "YBR_RCT" ? "RGB" : photometric,
    warning: null
  };
}

/** The stream is surer than the attribute; where they contradict each other, it is said which was followed. */
function jpegPhotometric(
  photometric: PhotometricInterpretation,
  { color, colorFrom, components, isLossyJpeg }: Codestream
): ToldColors {
  if (components !== 3) return { photometric, warning: null };
  if (color === null)
    return {
      photometric,
      warning:
        isLossyJpeg && photometric === "RGB" ? "colours are RGB as the file says; its JPEG frame does not say" : null
    };
  const isAsSaid = (color === "RGB") === (photometric === "RGB");
  if (isAsSaid) return { photometric, warning: null };
  return {
    photometric: color === "RGB" ? "RGB" : "YBR_FULL",
    warning: `the file says ${photometric}, but its JPEG frame is ${color} by its ${colorFrom ?? ""}, which is followed`
  };
}
