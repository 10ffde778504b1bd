/** Files in folders of other programs: links are followed, circles, endless trees, pipes and what cannot be read are passed over. */
import { readFile, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

export interface FoundFile {
  /** From the folder on, with "/" between folders. */
  readonly name: string;
  readonly path: string;
  readonly byteLength: number;
}

/** More than any store has: beyond it, the folder is something else. */
const mostEntries = 20_000;

/** A manifest or a file of settings; larger ones are something else. */
const largestText = 2 ** 20;

/** A name with one could pass for several lines of an answer. */
const control = /\p{Cc}/u;

/** @param depth How many folders deep: 0 looks into the folder itself only. */
export async function findFiles(root: string, { ending, depth }: { readonly ending: RegExp; readonly depth: number }): Promise<FoundFile[]> {
  const seen = new Set<string>();
  const found: FoundFile[] = [];
  let left = mostEntries;
  const lookInto = async (folder: string, prefix: string, deeper: number): Promise<void> => {
    const real = await realpath(folder).catch(() => null);
    if (real === null || seen.has(real)) return;
    seen.add(real);
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      if ((left -= 1) < 0) return;
      if (control.test(name)) continue;
      const path = join(folder, name);
      const facts = await stat(path).catch(() => null);
      if (facts?.isDirectory() === true && deeper > 0) await lookInto(path, `${prefix}${name}/`, deeper - 1);
      else if (facts?.isFile() === true && ending.test(name)) found.push({ name: prefix + name, path, byteLength: facts.size });
    }
  };
  await lookInto(root, "", depth);
  return found;
}

export async function findGgufFiles(root: string, depth: number): Promise<FoundFile[]> {
  return await findFiles(root, { ending: /\.gguf$/i, depth });
}

/** Bytes of a regular file, links followed; null: there is none. */
export async function fileSize(path: string): Promise<number | null> {
  return await stat(path).then(
    (facts) => (facts.isFile() ? facts.size : null),
    () => null
  );
}

/** null: there is no such file, or it is too long for what it should be. */
export async function readText(path: string): Promise<string | null> {
  const byteLength = await fileSize(path);
  if (byteLength === null || byteLength > largestText) return null;
  return await readFile(path, "utf8").catch(() => null);
}

/** An object; empty where there is none. */
export async function readRecord(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return asRecord(JSON.parse((await readText(path)) ?? ""));
  } catch {
    return {};
  }
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

export function asRecords(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}
