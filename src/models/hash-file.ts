/** The sha256 of a file, without its bytes ever being in memory at once. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { abortedError, MedGemmaError } from "../errors.js";

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were read. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Called with every piece of the file, in order; the next is read when it is done. */
  readonly onChunk?: ((chunk: Buffer) => Promise<void>) | undefined;
}

const chunkBytes = 2 ** 20;

/** @returns hex. @throws MedGemmaError FILE_UNUSABLE, ABORTED; what `onChunk` throws */
export async function hashFile(path: string, { signal, onProgress, onChunk }: HashOptions = {}): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes, signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await onChunk?.(chunk);
      bytes += chunk.length;
      onProgress?.(bytes);
    }
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    if (signal?.aborted === true) throw abortedError(`Reading ${path}`, signal);
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  return hash.digest("hex");
}
