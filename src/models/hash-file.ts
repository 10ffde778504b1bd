/** The sha256 of a file, without its bytes ever being in memory at once. */
import { createHash } from "node:crypto";
import { abortedError, MedGemmaError } from "../errors.js";
import { openRegularFile } from "../shared/regular-file.js";

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were read. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Called with every piece of the file, in order; the next is read into the same memory when it is done. */
  readonly onChunk?: ((chunk: Buffer) => Promise<void>) | undefined;
}

const chunkBytes = 2 ** 20;

/** @returns hex. @throws MedGemmaError FILE_UNUSABLE, ABORTED; what `onChunk` throws */
export async function hashFile(path: string, { signal, onProgress, onChunk }: HashOptions = {}): Promise<string> {
  const hash = createHash("sha256");
  // One buffer for all: a stream makes one for every piece, and they pile up before they are collected.
  const buffer = Buffer.alloc(chunkBytes);
  let bytes = 0;
  try {
    await using file = await openRegularFile(path);
    for (;;) {
      if (signal?.aborted === true) throw abortedError(`Reading ${path}`, signal);
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, bytes);
      if (bytesRead === 0) return hash.digest("hex");
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      await onChunk?.(chunk);
      bytes += bytesRead;
      onProgress?.(bytes);
    }
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}
