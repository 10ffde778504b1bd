/** Bytes of a file, or of what it holds when it is compressed with gzip; never more memory than asked for. */
import { open, stat } from "node:fs/promises";
import { gunzip, isGzip } from "./gunzip.js";
import { NiftiError } from "./nifti-error.js";

/** DEFLATE makes at most so many bytes of one (258 of 2 bits). */
const mostInflation = 1032;

/** Some writers put blocks of zeros behind the last voxel; more is not what the header announced. */
const mostBehind = 2 ** 20;

export interface FileRange {
  /** Of the first byte, in what the file holds. */
  readonly from: number;
  readonly length: number;
  /** Where the contents end as far as the header says. */
  readonly end: number;
}

/** @returns fewer bytes when the file holds no more, or is damaged further on */
export async function readStart(path: string, length: number): Promise<Uint8Array> {
  const start = await readPlain(path, 0, length);
  if (!isGzip(start)) return start;
  const chunks: Uint8Array[] = [];
  let held = 0;
  try {
    for await (const chunk of gunzip(path, 256)) {
      chunks.push(chunk);
      held += chunk.length;
      if (held >= length) break;
    }
  } catch {
    // Damaged: whoever reads on finds out where.
  }
  return Buffer.concat(chunks).subarray(0, length);
}

/** @throws NiftiError when the file holds less, or is damaged, or holds far more than it should */
export async function readRange(path: string, range: FileRange, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { size } = await stat(path);
  const isCompressed = isGzip(await readPlain(path, 0, 3));
  if (range.end > (isCompressed ? size * mostInflation : size))
    throw new NiftiError(`it is cut off: its header announces ${range.end} bytes, which ${size} bytes cannot hold`);
  return isCompressed ? await inflate(path, range, signal) : await readPlain(path, range.from, range.length);
}

/** To the end of the file, where the checksum is. */
async function inflate(
  path: string,
  { from, length, end }: FileRange,
  signal: AbortSignal | undefined
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  let position = 0;
  for await (const chunk of gunzip(path)) {
    signal?.throwIfAborted();
    const begin = Math.max(0, from - position);
    const target = position + begin - from;
    if (begin < chunk.length && target < length) bytes.set(chunk.subarray(begin, begin + length - target), target);
    position += chunk.length;
    if (position > end + mostBehind)
      throw new NiftiError(`it holds more than the ${end} bytes that its header announces`);
  }
  if (position < end) throw new NiftiError(`it is cut off: it holds ${position} of ${end} bytes`);
  return bytes;
}

async function readPlain(path: string, from: number, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(length);
    let held = 0;
    // One call reads 2 GiB at most, and a network drive less.
    while (held < length) {
      const { bytesRead } = await file.read(bytes, held, Math.min(length - held, 2 ** 30), from + held);
      if (bytesRead === 0) break;
      held += bytesRead;
    }
    return bytes.subarray(0, held);
  } finally {
    await file.close();
  }
}
