/** Writes a file in one step, so that an interruption leaves the older one whole and no half file behind. */
import { rename, rm, writeFile } from "node:fs/promises";
import { MedGemmaError } from "./errors.js";

/**
 * @param options.mode Permissions of the new file. Default: the user's own (umask).
 * @throws MedGemmaError FILE_UNUSABLE
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string,
  options: { readonly mode?: number } = {}
): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, content, options);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw asWriteError(error, path);
  }
}

/** A file or folder that cannot be written, in our words. */
export function asWriteError(error: unknown, path: string): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new MedGemmaError("DISK_FULL", `The disk is full while ${path} is written. Free some space, then run the command again.`, { cause: error });
  }
  const known: Readonly<Record<string, string>> = { EROFS: "the file system is read-only", EACCES: "permission denied", EPERM: "permission denied" };
  return new MedGemmaError("FILE_UNUSABLE", `${path} cannot be written: ${known[code] ?? message}. Choose another folder.`, { cause: error });
}
