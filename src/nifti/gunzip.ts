/**
 * A gzip file → what it holds, member by member (RFC 1952). What stands behind the last member, zeros of a tape or anything else,
 * is passed over as gzip does; Node's own stream takes it for damage, or not, by where its chunks end.
 */
import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { NiftiError } from "./nifti-error.js";

/** Of a header: longer file names and comments nobody writes. */
const headBytes = 2 ** 16;

const [hasHeadChecksum, hasExtra, hasName, hasComment] = [2, 4, 8, 16];

export function isGzip([first, second, method]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b && method === 8;
}

/**
 * @param step Bytes that are read at once: of a step that ends in damage nothing comes.
 * @throws NiftiError for damage, a wrong checksum too, once what is in front of it was given
 */
export async function* gunzip(path: string, step = 2 ** 16): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    for (let start = 0; ;) {
      const head = await readAt(file, start, headBytes);
      if (!isGzip(head)) {
        if (start === 0) throw new NiftiError("it is not compressed with gzip");
        return;
      }
      start = yield* member(file, path, start + headLength(head), step);
    }
  } finally {
    await file.close();
  }
}

/** @returns where the next member would begin */
async function* member(
  file: FileHandle,
  path: string,
  start: number,
  step: number
): AsyncGenerator<Uint8Array, number> {
  const source = createReadStream(path, { start, highWaterMark: step });
  const inflate = createInflateRaw({ chunkSize: 2 ** 18 });
  source.on("error", (error) => inflate.destroy(error));
  source.pipe(inflate);
  let [checksum, length] = [0, 0];
  try {
    for await (const chunk of inflate as AsyncIterable<Uint8Array>) {
      checksum = crc32(chunk, checksum);
      length += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw new NiftiError(`its compressed data are damaged or cut off: ${(error as Error).message}`, { cause: error });
  } finally {
    source.destroy();
  }
  const end = start + inflate.bytesWritten;
  const trailer = await readAt(file, end, 8);
  if (trailer.length < 8) throw new NiftiError("its compressed data are damaged or cut off: unexpected end of file");
  if (trailer.readUInt32LE(0) !== checksum || trailer.readUInt32LE(4) !== length % 2 ** 32)
    throw new NiftiError("its compressed data are damaged or cut off: incorrect data check");
  return end + 8;
}

function headLength(head: Buffer): number {
  const flags = head[3] ?? 0;
  let at = 10;
  if ((flags & hasExtra) !== 0) at += 2 + (head[at] ?? 0) + 256 * (head[at + 1] ?? 0);
  for (const flag of [hasName, hasComment]) {
    if ((flags & flag) === 0) continue;
    const end = head.indexOf(0, at);
    if (end < 0) throw new NiftiError("its gzip header is damaged");
    at = end + 1;
  }
  return (flags & hasHeadChecksum) === 0 ? at : at + 2;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
