/**
 * A file that is being downloaded: bytes come in any order, in blocks, and which blocks are there survives the end of the
 * process at any moment. Named by its hash, so that what is left of another version of a file is never mistaken for it.
 */
import { createHash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { abortedError, MedGemmaError } from "../../errors.js";
import { asWriteError } from "../../shared/write-file.js";

/** What a kill can cost, for each connection. Small, as it is also the least that is asked for at a time. */
export const blockBytes = 2 ** 18;

/** A run of blocks that one connection brings, in bytes. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

const readBytes = 2 ** 20;

export class PartialFile implements AsyncDisposable {
  readonly path: string;
  readonly byteLength: number;
  readonly #data: FileHandle;
  readonly #marks: FileHandle;
  /** A byte for each block: 1 when it is there. The same in the file of marks. */
  readonly #done: Uint8Array;
  readonly #claimed: Uint8Array;
  #doneBytes = 0;
  #wake: () => void = () => undefined;

  /**
   * @param folder Must exist.
   * @throws MedGemmaError FILE_UNUSABLE
   */
  static async open(folder: string, sha256: string, byteLength: number): Promise<PartialFile> {
    const path = join(folder, sha256);
    const data = await openFile(path);
    try {
      return await PartialFile.#resume(path, byteLength, data, await openFile(marksOf(path)));
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  static async #resume(path: string, byteLength: number, data: FileHandle, marks: FileHandle): Promise<PartialFile> {
    const done = new Uint8Array(Math.ceil(byteLength / blockBytes));
    await marks.read(done, 0, done.length, 0);
    const { size } = await data.stat();
    for (const [block, mark] of done.entries()) {
      // A machine that lost power may have kept the mark and not the bytes.
      if (mark !== 1 || Math.min((block + 1) * blockBytes, byteLength) > size) done[block] = 0;
    }
    return new PartialFile(path, byteLength, data, marks, done);
  }

  private constructor(path: string, byteLength: number, data: FileHandle, marks: FileHandle, done: Uint8Array) {
    this.path = path;
    this.byteLength = byteLength;
    this.#data = data;
    this.#marks = marks;
    this.#done = done;
    this.#claimed = done.slice();
    for (const [block, mark] of done.entries()) if (mark === 1) this.#doneBytes += this.#endOf(block) - block * blockBytes;
  }

  /** Bytes of whole blocks. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** The first missing run that nobody fetches yet; null when there is none. The caller fetches it, or gives it back. */
  claim(maxBlocks: number): Piece | null {
    const first = this.#claimed.indexOf(0);
    if (first === -1) return null;
    let last = first;
    while (last + 1 < this.#claimed.length && this.#claimed[last + 1] === 0 && last + 1 - first < maxBlocks) last += 1;
    this.#claimed.fill(1, first, last + 1);
    return { start: first * blockBytes, end: this.#endOf(last) };
  }

  /** Gives back what is still missing of a claimed piece. */
  release({ start, end }: Piece): void {
    for (let block = start / blockBytes; block * blockBytes < end; block += 1) this.#claimed[block] = this.#done[block] ?? 0;
  }

  /**
   * Writes what follows the bytes from `piece.start` to `position`, and marks the blocks that are whole by that.
   *
   * @throws MedGemmaError DISK_FULL, FILE_UNUSABLE
   */
  async write({ start }: Piece, position: number, bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(this.#data, position, bytes);
      const first = Math.max(start, Math.floor(position / blockBytes) * blockBytes) / blockBytes;
      const end = position + bytes.length;
      const after = end === this.byteLength ? this.#done.length : Math.floor(end / blockBytes);
      for (let block = first; block < after; block += 1) {
        if (this.#done[block] === 0) this.#doneBytes += this.#endOf(block) - block * blockBytes;
        this.#done[block] = 1;
      }
      if (after <= first) return;
      await writeAll(this.#marks, first, this.#done.subarray(first, after));
      this.#wake();
    } catch (error) {
      throw asWriteError(error, this.path);
    }
  }

  /**
   * Hashes the file from its beginning, as far as it is there, and waits for the rest.
   *
   * @throws MedGemmaError ABORTED, FILE_UNUSABLE
   */
  async sha256(signal: AbortSignal, onProgress: (hashedBytes: number) => void): Promise<string> {
    const hash = createHash("sha256");
    const buffer = new Uint8Array(readBytes);
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    try {
      for (let position = 0; position < this.byteLength; ) {
        if (signal.aborted) throw abortedError("The download", signal);
        const end = this.#doneFrom(position, readBytes);
        if (end === position) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const { bytesRead } = await this.#data.read(buffer, 0, end - position, position);
        if (bytesRead === 0) throw new MedGemmaError("FILE_UNUSABLE", `${this.path} became shorter while it was read. Try again.`);
        hash.update(buffer.subarray(0, bytesRead));
        position += bytesRead;
        onProgress(position);
      }
      return hash.digest("hex");
    } catch (error) {
      throw asWriteError(error, this.path);
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  /** To be sure that the bytes are on the disk before the file gets its name. */
  async sync(): Promise<void> {
    await this.#data.sync();
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.close(), this.#marks.close()]);
  }

  /** The marks have done their work, when the file has its name or is given up. */
  async removeMarks(): Promise<void> {
    await rm(marksOf(this.path), { force: true });
  }

  /** Gives up what was downloaded: none of it is of use. */
  async discard(): Promise<void> {
    await Promise.all([rm(this.path, { force: true }), this.removeMarks()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #endOf(block: number): number {
    return Math.min((block + 1) * blockBytes, this.byteLength);
  }

  /** How far the bytes from `position` on are there, at most `limit` of them. */
  #doneFrom(position: number, limit: number): number {
    let block = Math.floor(position / blockBytes);
    let end = position;
    while (this.#done[block] === 1 && end - position < limit) {
      end = this.#endOf(block);
      block += 1;
    }
    return Math.min(end, position + limit);
  }
}

function marksOf(path: string): string {
  return `${path}.blocks`;
}

async function openFile(path: string): Promise<FileHandle> {
  const mode = 0o600;
  try {
    return await open(path, "r+", mode).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return await open(path, "wx+", mode);
    });
  } catch (error) {
    throw asWriteError(error, path);
  }
}

async function writeAll(file: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
