/** What libvips does not tell of a TIFF picture. */
import { TiffFile, tags, type TiffDirectory } from "../tiff/tiff-file.js";

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
  /** Samples beyond gray or colours are unspecified, and no alpha: as Pillow takes them. */
  readonly hasIgnoredSamples: boolean;
  /** A form that libvips takes for another, or for damage; null: there is none. */
  readonly unreadForm: string | null;
  /** What slide it is whose first page is a photograph of the glass, perhaps with the label; null: none that is known. */
  readonly glassFirst: string | null;
}

/** PhotometricInterpretation, where it says how many colours there are. */
const [minIsWhite, minIsBlack, rgb, palette, separated, ycbcr, cieLab, iccLab] = [0, 1, 2, 3, 5, 6, 8, 9] as const;
const coloursOf: Readonly<Record<number, number>> = {
  [minIsWhite]: 1,
  [minIsBlack]: 1,
  [rgb]: 3,
  [palette]: 1,
  [separated]: 4,
  [ycbcr]: 3
};

/** Those of JPEG, whose decoder turns YCbCr into RGB. */
const jpegCompressions: readonly number[] = [6, 7];

/** @returns null for what is not TIFF, or damaged: libvips says how */
export async function readTiffFacts(bytes: Uint8Array): Promise<TiffFacts | null> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const source = {
    size: buffer.length,
    read: async (at: number, length: number): Promise<Buffer> => await Promise.resolve(buffer.subarray(at, at + length))
  };
  try {
    const [first] = (await TiffFile.of("", source, buffer.subarray(0, 16))?.directories()) ?? [];
    if (first === undefined) return null;
    const samples = (await first.number(tags.samplesPerPixel)) ?? 1;
    const photometric = (await first.number(tags.photometric)) ?? minIsBlack;
    const bits = (await first.number(tags.bitsPerSample)) ?? 1;
    const beyond = Math.max(0, samples - (coloursOf[photometric] ?? samples));
    const kinds = await first.numbers(tags.extraSamples);
    return {
      bits,
      sampleFormat: (await first.number(tags.sampleFormat)) ?? 1,
      sampleFormatAt: samples === 1 ? first.placeOf(tags.sampleFormat) : null,
      isLittleEndian: buffer[0] === 0x49,
      isInverted: photometric === minIsWhite,
      hasIgnoredSamples: beyond > 0 && kinds.every((kind) => kind === 0),
      unreadForm: await unreadFormOf(first, { samples, photometric, bits, beyond, kinds }),
      glassFirst: ((await first.bytes(tags.xmp)) ?? buffer.subarray(0, 0)).includes("<iScan")
        ? "a Ventana slide (BIF)"
        : /<scn\b[^>]*leica-microsystems/i.test((await first.text(tags.imageDescription)) ?? "")
          ? "a Leica slide (SCN)"
          : null
    };
  } catch {
    return null;
  }
}

async function unreadFormOf(
  directory: TiffDirectory,
  {
    samples,
    photometric,
    bits,
    beyond,
    kinds
  }: {
    readonly samples: number;
    readonly photometric: number;
    readonly bits: number;
    readonly beyond: number;
    readonly kinds: readonly number[];
  }
): Promise<string | null> {
  const compression = (await directory.number(tags.compression)) ?? 1;
  if (![1, 2, 4, 8, 16, 32, 64].includes(bits)) return `TIFF with samples of ${bits} bits`;
  if (photometric === cieLab || photometric === iccLab) return "TIFF in CIELab colours";
  if (photometric === ycbcr && !jpegCompressions.includes(compression))
    return "TIFF in YCbCr colours without JPEG compression";
  if (beyond > kinds.length)
    return `TIFF with ${samples} samples a pixel that does not say what the last ${beyond === 1 ? "one is" : `${beyond} are`} (ExtraSamples)`;
  return beyond > 1 && kinds.some((kind) => kind !== 0)
    ? `TIFF with ${beyond} samples beyond its colours, of which one is alpha`
    : null;
}

/** A copy whose samples are said to be whole numbers without sign: libvips makes 0 of what is negative in 16 bits. */
export function asUnsigned(bytes: Uint8Array, { sampleFormatAt, isLittleEndian }: TiffFacts): Uint8Array {
  const copy = Buffer.from(bytes);
  if (sampleFormatAt !== null) copy.set(isLittleEndian ? [1, 0] : [0, 1], sampleFormatAt);
  return copy;
}
