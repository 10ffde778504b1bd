/** What libvips does not tell of a TIFF picture. */
import { TiffFile, tags } from "../tiff/tiff-file.js";

export interface TiffFacts {
  /** Of a sample. */
  readonly bits: number;
  /** 1: without sign, 2: with sign, 3: floating point. */
  readonly sampleFormat: number;
  /** Where its number stands in the file, in 2 bytes; null: it is not said. */
  readonly sampleFormatAt: number | null;
  readonly isLittleEndian: boolean;
  /** MinIsWhite. */
  readonly isInverted: boolean;
  /** A sample beyond gray or colours is unspecified, and no alpha: as Pillow takes it. */
  readonly hasIgnoredSample: boolean;
  /** What slide it is whose first page is a photograph of the glass, perhaps with the label; null: none that is known. */
  readonly glassFirst: string | null;
}

/** @returns null for what is not TIFF, or damaged: libvips says how */
export async function readTiffFacts(bytes: Uint8Array): Promise<TiffFacts | null> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const source = { size: buffer.length, read: async (at: number, length: number): Promise<Buffer> => await Promise.resolve(buffer.subarray(at, at + length)) };
  try {
    const [first] = (await TiffFile.of("", source, buffer.subarray(0, 16))?.directories()) ?? [];
    if (first === undefined) return null;
    const samples = (await first.number(tags.samplesPerPixel)) ?? 1;
    const photometric = await first.number(tags.photometric);
    return {
      bits: (await first.number(tags.bitsPerSample)) ?? 1,
      sampleFormat: (await first.number(tags.sampleFormat)) ?? 1,
      sampleFormatAt: samples === 1 ? first.placeOf(tags.sampleFormat) : null,
      isLittleEndian: buffer[0] === 0x49,
      isInverted: photometric === 0,
      hasIgnoredSample: (photometric === 2 || photometric === 0 || photometric === 1) && samples > (photometric === 2 ? 3 : 1) && (await first.number(tags.extraSamples)) === 0,
      glassFirst: ((await first.bytes(tags.xmp)) ?? buffer.subarray(0, 0)).includes("<iScan") ? "a Ventana slide (BIF)" : /<scn\b[^>]*leica-microsystems/i.test((await first.text(tags.imageDescription)) ?? "") ? "a Leica slide (SCN)" : null
    };
  } catch {
    return null;
  }
}

/** A copy whose samples are said to be whole numbers without sign: libvips makes 0 of what is negative in 16 bits. */
export function asUnsigned(bytes: Uint8Array, { sampleFormatAt, isLittleEndian }: TiffFacts): Uint8Array {
  const copy = Buffer.from(bytes);
  if (sampleFormatAt !== null) copy.set(isLittleEndian ? [1, 0] : [0, 1], sampleFormatAt);
  return copy;
}
