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
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}
