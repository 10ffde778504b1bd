/** Files that a client sent once, to ask about them often: slices of a series, images of a long conversation. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpError } from "./http-error.js";

/** A file as `/v1/files` describes it; the client's own name for it is not kept. */
export interface StoredFile {
  readonly id: string;
  readonly byteLength: number;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** In a folder that only this user can read, under a name of ours. */
  readonly path: string;
}

export class FileStore {
  readonly #maxBytes: number;
  readonly #files = new Map<string, StoredFile>();
  #folder: Promise<string> | null = null;
  #byteLength = 0;

  /** @param maxBytes Of all files together. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get files(): readonly StoredFile[] {
    return [...this.#files.values()];
  }

  /** @throws HttpError 413 when the store is full */
  async add(bytes: Uint8Array): Promise<StoredFile> {
    if (this.#byteLength + bytes.byteLength > this.#maxBytes)
      throw new HttpError(
        413,
        "files_full",
        `The files would be over the limit of ${this.#maxBytes} bytes together. Delete some: DELETE /v1/files/ID.`
      );
    this.#byteLength += bytes.byteLength;
    const id = `file-${randomBytes(12).toString("hex")}`;
    try {
      this.#folder ??= mkdtemp(join(tmpdir(), "medgemma-files-")); // 0700
      const path = join(await this.#folder, id);
      await writeFile(path, bytes, { mode: 0o600, flag: "wx" });
      const file = { id, byteLength: bytes.byteLength, createdAt: Math.floor(Date.now() / 1000), path };
      this.#files.set(id, file);
      return file;
    } catch (error) {
      this.#byteLength -= bytes.byteLength;
      throw error;
    }
  }

  /** @throws HttpError 404 */
  get(id: string): StoredFile {
    const file = this.#files.get(id);
    if (file === undefined)
      throw new HttpError(
        404,
        "file_not_found",
        `There is no file ${JSON.stringify(id.slice(0, 80))} here. Send it to /v1/files.`
      );
    return file;
  }

  /** @throws HttpError 404 */
  async remove(id: string): Promise<void> {
    const { path, byteLength } = this.get(id);
    this.#files.delete(id);
    this.#byteLength -= byteLength;
    await rm(path, { force: true });
  }

  /** Deletes all of them. */
  async close(): Promise<void> {
    this.#files.clear();
    this.#byteLength = 0;
    const folder = this.#folder;
    this.#folder = null;
    if (folder !== null) await rm(await folder, { recursive: true, force: true });
  }
}
