/** What lies at a path: nothing, a folder, or a file of some format. Reads the first bytes, decodes nothing, and never waits for a pipe. */
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openRegularFile } from "../shared/regular-file.js";
import { formatOf, headBytes, type Format } from "./formats.js";

export type FoundFile =
  | { readonly kind: "missing" }
  | { readonly kind: "folder" }
  /** `format` is null where neither bytes nor name say what it is. */
  | { readonly kind: "file"; readonly format: Format | null }
  /** A pipe, a socket, a device. */
  | { readonly kind: "special" }
  /** There, but not to be opened. */
  | { readonly kind: "closed" };

export async function identifyFile(path: string): Promise<FoundFile> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) return { kind: "folder" };
    if (!facts.isFile()) return { kind: "special" };
    const format = formatOf(await readHead(path), path);
    // Compressed, only the inflated bytes tell.
    if (format?.name === "archive" && (await isNifti(path)))
      return { kind: "file", format: formatOf(new Uint8Array(), ".nii") };
    return { kind: "file", format };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return { kind: ["EACCES", "EPERM", "ELOOP", "EIO"].includes(code) ? "closed" : "missing" };
  }
}

/** Files of a folder that are looked at, to tell a series from other folders. */
const sampledFiles = 20;

/** Whether a folder seems to be a series: one of its first files is DICOM. */
export async function holdsDicom(folder: string): Promise<boolean> {
  try {
    let looked = 0;
    for await (const entry of await opendir(folder)) {
      if (!entry.isFile()) continue;
      const path = join(folder, entry.name);
      if (formatOf(await readHead(path), path)?.kind === "dicom") return true;
      looked += 1;
      if (looked === sampledFiles) return false;
    }
  } catch {
    // Not to be opened: nothing is known of it.
  }
  return false;
}

async function readHead(path: string): Promise<Uint8Array> {
  await using file = await openRegularFile(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
  return buffer.subarray(0, bytesRead);
}

/** Its reader is loaded for a packed file alone: most command lines name none. */
async function isNifti(path: string): Promise<boolean> {
  const { isNiftiFile } = await import("../nifti/read-nifti.js");
  return await isNiftiFile(path);
}
