/** Is a file what it was recorded or promised to be, to the last byte? */
import { basename } from "node:path";
import { hashFile } from "./hash-file.js";
import { sizeOf } from "./installed.js";
import type { ManifestFile } from "./manifest.js";
import type { PullProgress } from "./pull.js";

/** Hashing a model takes seconds to minutes: how to follow and stop it. */
export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

/**
 * The size first, which costs nothing; then the hash.
 *
 * @returns what is wrong, in words that continue the file's name; null: nothing is
 * @throws MedGemmaError FILE_UNUSABLE, ABORTED
 */
export async function findProblem(
  path: string,
  { byteLength, sha256 }: Pick<ManifestFile, "byteLength" | "sha256">,
  { signal, onProgress }: CheckOptions
): Promise<string | null> {
  const size = await sizeOf(path);
  if (size !== byteLength) return `it has ${String(size)} bytes, expected ${byteLength}`;
  const file = basename(path);
  const found = await hashFile(path, { signal, onProgress: (doneBytes) => onProgress?.({ stage: "check", file, doneBytes, byteLength }) });
  return found === sha256 ? null : `its sha256 is ${found}, expected ${sha256}`;
}
