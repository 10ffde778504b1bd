/** Is there room for files, before the first byte is written? */
import { statfs } from "node:fs/promises";
import { MedGemmaError } from "../errors.js";

/** For what else is written meanwhile: records, and other programs. */
const reserveBytes = 16e6;

/** @param bytes That will be written. @throws MedGemmaError DISK_FULL */
export async function ensureSpace(folder: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes + reserveBytes <= free) return;
  throw new MedGemmaError(
    "DISK_FULL",
    `${what} needs ${inMegabytes(bytes)} MB more in ${folder}, where ${inMegabytes(free)} MB are free. Free some space, or choose another folder with MEDGEMMA_HOME or the option home.`,
    { remedy: { option: "home" } }
  );
}

function inMegabytes(bytes: number): string {
  return Math.ceil(bytes / 1e6).toString();
}
