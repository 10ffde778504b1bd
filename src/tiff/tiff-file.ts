/**
 * The directories of a TIFF or BigTIFF file, sub-directories included, and the bytes of its tiles. Reads no pixels, and of a
 * file that nobody trusts no more than it has: the TIFF libraries of npm follow directories that point back at each other
 * without end, or read a slide as a whole.
 */
import { MedGemmaError } from "../errors.js";

/** A slide has a few levels, a label and an overview; one with focal planes has those many times. */
const maxDirectories = 1024;

const maxEntries = 4096;

/** Of one entry. OME-XML of a slide has some kilobytes, tables of JPEG less than one. */
const maxValueBytes = 2 ** 24;

export const tags = {
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  stripOffsets: 273,
  samplesPerPixel: 277,
  orientation: 274,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  ycbcrSubsampling: 530,
  xmp: 700,
  /** Of Hamamatsu's NDPI, as are those that follow; private. */
  hamamatsuFormat: 65420,
  /** The objective; negative for a picture of the whole glass. */
  hamamatsuSourceLens: 65421,
  /** Where in its focus stack a picture lies, in nanometres. */
  hamamatsuFocus: 65424,
  /** Where each restart interval of the JPEG stream begins. */
  hamamatsuRestarts: 65426,
  hamamatsuRestartsHigh: 65432
} as const;

/** TIFF 6.0 section 2 and BigTIFF: bytes of a value, by type. */
const typeBytes: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8
};

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file. */
  readonly at: number;
  /** What stands above the 32 bits of a single value; 0 but in NDPI. */
  readonly high: number;
}

/** Where the bytes of a file come from. */
export interface ByteSource {
  readonly size: number;
  /** @param at @param length Inside of the file. */
  readonly read: (at: number, length: number) => Promise<Buffer>;
}

/** One picture of the file: what is said of it, each value read when it is asked for. */
export class TiffDirectory {
  /** Its sub-directories: in slides, the smaller levels. */
  readonly below: readonly TiffDirectory[];
  readonly #file: TiffFile;
  readonly #entries: ReadonlyMap<number, Entry>;

  constructor(file: TiffFile, entries: ReadonlyMap<number, Entry>, below: readonly TiffDirectory[] = []) {
    this.below = below;
    this.#file = file;
    this.#entries = entries;
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** How many values it has. */
  count(tag: number): number {
    return this.#entries.get(tag)?.count ?? 0;
  }

  /** Where its values begin in the file; null without such a tag. */
  placeOf(tag: number): number | null {
    return this.#entries.get(tag)?.at ?? null;
  }

  /**
   * Rationals as quotients.
   *
   * @param first @param count Which of many; default: all.
   * @returns none without such a tag
   * @throws MedGemmaError IMAGE_UNREADABLE
   */
  async numbers(tag: number, first = 0, count = this.count(tag) - first): Promise<number[]> {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return [];
    const size = typeBytes[entry.type] ?? 1;
    if (first + count > entry.count)
      throw this.#file.damaged(`tag ${tag} has ${entry.count} values where ${first + count} are needed`);
    const bytes = await this.#file.readValues(entry.at + first * size, count * size);
    return Array.from(
      { length: count },
      (_one, index) => this.#file.numberAt(bytes, index * size, entry.type) + entry.high * 2 ** 32
    );
  }

  /** The first value. */
  async number(tag: number): Promise<number | null> {
    return this.count(tag) === 0 ? null : ((await this.numbers(tag, 0, 1))[0] ?? null);
  }

  /** null without such a tag; "" for values that are no text. */
  async text(tag: number): Promise<string | null> {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return null;
    if (entry.type !== 2) return "";
    return (await this.#file.readValues(entry.at, entry.count)).toString("utf8").replace(/\0[\s\S]*$/, "");
  }

  /** As they lie in the file. */
  async bytes(tag: number): Promise<Buffer | null> {
    const entry = this.#entries.get(tag);
    return entry === undefined
      ? null
      : await this.#file.readValues(entry.at, entry.count * (typeBytes[entry.type] ?? 1));
  }
}

export class TiffFile {
  readonly name: string;
  readonly #source: ByteSource;
  readonly #isLittleEndian: boolean;
  readonly #isBig: boolean;
  readonly #hasHighWords: boolean;

  private constructor(
    name: string,
    source: ByteSource,
    { head, isNdpi }: { readonly head: Buffer; readonly isNdpi: boolean }
  ) {
    this.name = name;
    this.#source = source;
    this.#isLittleEndian = head[0] === 0x49;
    this.#isBig = head[this.#isLittleEndian ? 2 : 3] === 43;
    // A file that is called so may still be an ordinary one.
    this.#hasHighWords =
      isNdpi && this.#isLittleEndian && !this.#isBig && head.length >= 12 && this.#long8(head, 4) < source.size;
  }

  /**
   * @param head The first bytes of the file.
   * @param isNdpi Whether it is Hamamatsu's NDPI: TIFF with places of 64 bits, whose upper halves stand where TIFF has nothing.
   * @returns null for what is not a TIFF file
   */
  static of(name: string, source: ByteSource, head: Buffer, isNdpi = false): TiffFile | null {
    return isTiff(head) ? new TiffFile(name, source, { head, isNdpi }) : null;
  }

  /** Its pages in their order, each with its sub-directories. @throws MedGemmaError IMAGE_UNREADABLE */
  async directories(): Promise<TiffDirectory[]> {
    const found: TiffDirectory[] = [];
    const seen = new Set<number>();
    const first = this.#isBig
      ? this.#pointer(await this.read(8, 8), 0)
      : this.#hasHighWords
        ? this.#long8(await this.read(4, 8), 0)
        : this.#pointer(await this.read(4, 4), 0);
    for (let at = first; at !== 0;) {
      const { entries, next } = await this.#directory(at, seen);
      const below: TiffDirectory[] = [];
      for (const place of await new TiffDirectory(this, entries).numbers(tags.subIfds))
        below.push(new TiffDirectory(this, (await this.#directory(place, seen)).entries));
      found.push(new TiffDirectory(this, entries, below));
      at = next;
    }
    return found;
  }

  async #directory(
    at: number,
    seen: Set<number>
  ): Promise<{ readonly entries: ReadonlyMap<number, Entry>; readonly next: number }> {
    if (seen.has(at)) throw this.damaged("its directories point back at each other");
    seen.add(at);
    if (seen.size > maxDirectories) throw this.damaged(`it has more than ${maxDirectories} directories`);
    const [countBytes, entryBytes, pointerBytes] = this.#isBig ? [8, 20, 8] : [2, 12, 4];
    const head = await this.read(at, countBytes);
    const count = this.#isBig ? this.#pointer(head, 0) : this.#short(head, 0);
    if (count > maxEntries) throw this.damaged(`a directory has ${count} entries`);
    const nextAt = count * entryBytes;
    const bytes = await this.read(at + countBytes, nextAt + (this.#hasHighWords ? 8 + 4 * count : pointerBytes));
    const entries = new Map<number, Entry>();
    for (let index = 0; index < count; index += 1) {
      const start = index * entryBytes;
      const type = this.#short(bytes, start + 2);
      const values = this.#pointer(bytes, start + 4);
      const valuesAt = start + 4 + pointerBytes;
      const isInside = values * (typeBytes[type] ?? 1) <= pointerBytes;
      const high = this.#hasHighWords ? this.#long(bytes, nextAt + 8 + 4 * index) : 0;
      const entry = isInside
        ? { at: at + countBytes + valuesAt, high: values === 1 ? high : 0 }
        : { at: this.#pointer(bytes, valuesAt) + high * 2 ** 32, high: 0 };
      entries.set(this.#short(bytes, start), { type, count: values, ...entry });
    }
    return { entries, next: this.#hasHighWords ? this.#long8(bytes, nextAt) : this.#pointer(bytes, nextAt) };
  }

  /** @throws MedGemmaError IMAGE_UNREADABLE behind the end of the file, before memory is taken */
  async read(at: number, length: number): Promise<Buffer> {
    if (!(at >= 0 && length >= 0 && at + length <= this.#source.size))
      throw this.damaged(`${length} bytes are wanted at ${at} of ${this.#source.size}`);
    const bytes = await this.#source.read(at, length);
    if (bytes.length < length) throw this.damaged("it became shorter while it was read");
    return bytes;
  }

  async readValues(at: number, length: number): Promise<Buffer> {
    if (length > maxValueBytes) throw this.damaged(`a value has ${length} bytes`);
    return await this.read(at, length);
  }

  numberAt(bytes: Buffer, at: number, type: number): number {
    switch (type) {
      case 3:
        return this.#short(bytes, at);
      case 4:
      case 13:
        return this.#long(bytes, at);
      case 5:
        return this.#long(bytes, at) / this.#long(bytes, at + 4);
      case 8:
        return (this.#short(bytes, at) << 16) >> 16;
      case 9:
        return this.#long(bytes, at) | 0;
      case 11:
        return this.#isLittleEndian ? bytes.readFloatLE(at) : bytes.readFloatBE(at);
      case 12:
        return this.#isLittleEndian ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at);
      case 16:
      case 17:
      case 18:
        return this.#long8(bytes, at);
      default:
        return bytes[at] ?? 0;
    }
  }

  damaged(why: string): MedGemmaError {
    return new MedGemmaError("IMAGE_UNREADABLE", `${this.name} is damaged or incomplete: ${why}.`);
  }

  #pointer(bytes: Buffer, at: number): number {
    return this.#isBig ? this.#long8(bytes, at) : this.#long(bytes, at);
  }

  #short(bytes: Buffer, at: number): number {
    return this.#isLittleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }

  #long(bytes: Buffer, at: number): number {
    return this.#isLittleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }

  /** Exact to 2^53; what is more lies behind the end of every file. */
  #long8(bytes: Buffer, at: number): number {
    return Number(this.#isLittleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  }
}

/** Either byte order, TIFF or BigTIFF. */
export function isTiff(head: Uint8Array): boolean {
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(Buffer.from(head.subarray(0, 4)).toString("latin1"));
}
