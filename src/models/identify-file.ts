/** Which file of weights it is: from the record of its folder while nobody touched the file, else from its bytes. */
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { hashFile } from "./hash-file.js";
import { readManifest } from "./manifest.js";

/** Which file it was, to the byte. */
export interface FileIdentity {
  readonly byteLength: number;
  /** Hex. */
  readonly sha256: string;
  /** ISO time at which the hash was computed from the file's bytes. */
  readonly hashed: string;
}

/**
 * A record counts when the file has its size and did not change since the hash was computed. That is asked of the time of the
 * last change of the file's entry (ctime), which no program sets as it likes: a copy or a rename in its place shows.
 *
 * @throws MedGemmaError FILE_UNUSABLE
 */
export async function identifyFile(path: string): Promise<FileIdentity> {
  const facts = await stat(path).catch(() => null); // hashFile says why
  const record = (await readManifest(dirname(path))).files[basename(path)];
  if (facts !== null && record?.byteLength === facts.size && Math.floor(facts.ctimeMs) <= Date.parse(record.verified)) {
    return { byteLength: facts.size, sha256: record.sha256, hashed: record.verified };
  }
  const hashed = new Date().toISOString();
  let byteLength = 0;
  const sha256 = await hashFile(path, { onProgress: (bytes) => (byteLength = bytes) });
  return { byteLength, sha256, hashed };
}
