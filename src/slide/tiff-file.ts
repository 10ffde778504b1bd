/**
 * The directories of a TIFF or BigTIFF file, sub-directories included, and the bytes of its tiles. Reads no pixels, and of a
 * file that nobody trusts no more than it has: the TIFF libraries of npm follow directories that point back at each other
 * without end, or read a slide as a whole.
 */
import { open, stat, type FileHandle } from "node:fs/promises";
import { firstLine, MedGemmaError } from "../errors.js";

/** Of a slide there are a few levels, a label and an overview. */
const maxDirectories = 64;

const maxEntries = 4096;

/** Of one entry. OME-XML of a slide has some kilobytes, tables of JPEG less than one. */
const maxValueBytes = 2 ** 24;

export const tags = {
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  imageDescription: 270,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  planarConfiguration: 284,
  resolutionUnit: 296,
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
  /** Of NDPI; private. */
  hamamatsuFormat: 65420
} as const;

/** TIFF 6.0 section 2 and BigTIFF: bytes of a value, by type. */
const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8 };

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file. */
  readonly at: number;
}

/** One picture of the file: what is said of it, each value read when it is asked for. */
export class TiffDirectory {
  readonly #file: TiffFile;
  readonly #entries: ReadonlyMap<number, Entry>;

  constructor(file: TiffFile, entries: ReadonlyMap<number, Entry>) {
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
    if (first + count > entry.count) throw this.#file.damaged(`tag ${tag} has ${entry.count} values where ${first + count} are needed`);
    const bytes = await this.#file.readValues(entry.at + first * size, count * size);
    return Array.from({ length: count }, (_one, index) => this.#file.numberAt(bytes, index * size, entry.type));
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
    return entry === undefined ? null : await this.#file.readValues(entry.at, entry.count * (typeBytes[entry.type] ?? 1));
  }
}

export class TiffFile {
  readonly name: string;
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #isLittleEndian: boolean;
  readonly #isBig: boolean;

  private constructor(file: FileHandle, { name, size, head }: { readonly name: string; readonly size: number; readonly head: Buffer }) {
    this.name = name;
    this.#file = file;
    this.#size = size;
    this.#isLittleEndian = head[0] === 0x49;
    this.#isBig = head[this.#isLittleEndian ? 2 : 3] === 43;
  }

  /**
   * @param explain Called with the first 132 bytes of what is no TIFF; says what it is and what to do.
   * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE
   */
  static async open(path: string, name: string, explain: (head: Buffer) => string): Promise<TiffFile> {
    const file = await openFile(path, name);
    try {
      const { size } = await file.stat();
      if (size === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is empty (0 bytes).`);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(132), 0, 132, 0);
      const head = buffer.subarray(0, bytesRead);
      const order = head.toString("latin1", 0, 4);
      if (!["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(order)) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} ${explain(head)}`);
      return new TiffFile(file, { name, size, head });
    } catch (error) {
      await file.close();
      throw error instanceof MedGemmaError ? error : new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read: ${firstLine(error).replaceAll(path, name)}.`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** All that the file has, each followed by its sub-directories. */
  async directories(): Promise<TiffDirectory[]> {
    const found: TiffDirectory[] = [];
    const seen = new Set<number>();
    const first = this.#isBig ? this.#pointer(await this.read(8, 8), 0) : this.#pointer(await this.read(4, 4), 0);
    for (let at = first; at !== 0; ) {
      const { directory, next } = await this.#directory(at, seen);
      found.push(directory);
      for (const below of await directory.numbers(tags.subIfds)) found.push((await this.#directory(below, seen)).directory);
      at = next;
    }
    return found;
  }

  async #directory(at: number, seen: Set<number>): Promise<{ readonly directory: TiffDirectory; readonly next: number }> {
    if (seen.has(at)) throw this.damaged("its directories point back at each other");
    seen.add(at);
    if (seen.size > maxDirectories) throw this.damaged(`it has more than ${maxDirectories} directories`);
    const [countBytes, entryBytes, pointerBytes] = this.#isBig ? [8, 20, 8] : [2, 12, 4];
    const head = await this.read(at, countBytes);
    const count = this.#isBig ? this.#pointer(head, 0) : this.#short(head, 0);
    if (count > maxEntries) throw this.damaged(`a directory has ${count} entries`);
    const bytes = await this.read(at + countBytes, count * entryBytes + pointerBytes);
    const entries = new Map<number, Entry>();
    for (let index = 0; index < count; index += 1) {
      const start = index * entryBytes;
      const type = this.#short(bytes, start + 2);
      const values = this.#pointer(bytes, start + 4);
      const valuesAt = start + 4 + pointerBytes;
      const isInside = values * (typeBytes[type] ?? 1) <= pointerBytes;
      entries.set(this.#short(bytes, start), { type, count: values, at: isInside ? at + countBytes + valuesAt : this.#pointer(bytes, valuesAt) });
    }
    return { directory: new TiffDirectory(this, entries), next: this.#pointer(bytes, count * entryBytes) };
  }

  /** @throws MedGemmaError IMAGE_UNREADABLE behind the end of the file, before memory is taken */
  async read(at: number, length: number): Promise<Buffer> {
    if (!(at >= 0 && length >= 0 && at + length <= this.#size)) throw this.damaged(`${length} bytes are wanted at ${at} of ${this.#size}`);
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw this.damaged("it became shorter while it was read");
      done += bytesRead;
    }
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

async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    const found = await stat(path); // before it is opened, as the opening of a pipe waits
    if (!found.isFile()) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${found.isDirectory() ? "a folder" : "no regular file"}. A slide is one file; name it.`);
    return await open(path);
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw new MedGemmaError("IMAGE_NOT_FOUND", `There is no slide ${name}. Check the path.`, { cause: error });
    const why = code === "EACCES" || code === "EPERM" ? "permission denied" : firstLine(error).replaceAll(path, name);
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be opened: ${why}.`, { cause: error });
  }
}
