/** A file that a DICOMDIR lists → its path on this disk, where names may have been changed on the way. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Names of PS3.10 8.2 are capitals and digits. Copies of discs have them in small letters, with a point or a version behind
 * them, or with ".dcm".
 *
 * @param folder Of the DICOMDIR.
 * @param parts As `readDicomDirectory` gives them: plain names.
 * @returns null where there is none, or where several could be meant
 */
export async function findListedFile(folder: string, parts: readonly string[]): Promise<string | null> {
  let path = folder;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const found = choose(await namesIn(path), part, isLast);
    if (found === null) return null;
    path = join(path, found);
  }
  return path;
}

function choose(names: readonly string[], wanted: string, isFile: boolean): string | null {
  if (names.includes(wanted)) return wanted;
  const plain = (name: string) => name.toUpperCase().replace(/(?:;\d+|\.)+$/, "");
  const same = names.filter((name) => plain(name) === plain(wanted));
  const candidates = same.length > 0 || !isFile ? same : names.filter((name) => plain(name) === `${plain(wanted)}.DCM`);
  return candidates.length === 1 ? (candidates[0] ?? null) : null;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
