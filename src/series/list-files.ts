/** Files and folders as given → the files to look at. Links inside of folders are not followed. */
import { opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { MedGemmaError } from "../errors.js";

/** Files and folders that are looked at: a whole-body CT in thin slices has about 3000 files. */
const maxEntries = 20_000;

export interface ListedFile {
  readonly path: string;
  readonly name: string;
  /** Whether it was named itself: then it must be a DICOM file. */
  readonly isNamed: boolean;
}

/**
 * @returns in the order of their paths
 * @throws MedGemmaError IMAGE_NOT_FOUND; IMAGE_UNREADABLE for what is neither file nor folder; IMAGE_TOO_LARGE for too many files
 */
export async function listFiles(paths: readonly string[], nameOf: (path: string) => string): Promise<ListedFile[]> {
  const found = new Map<string, boolean>();
  for (const given of paths) {
    const kind = await kindOf(given, nameOf);
    if (kind === "file") found.set(given, true);
    else for (const path of await filesInFolder(given, nameOf)) if (!found.has(path)) found.set(path, false);
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([path, isNamed]) => ({ path, isNamed, name: nameOf(path) }));
}

async function kindOf(path: string, nameOf: (path: string) => string): Promise<"file" | "folder"> {
  try {
    const found = await stat(path);
    if (found.isFile()) return "file";
    if (found.isDirectory()) return "folder";
  } catch (error) {
    throw new MedGemmaError("IMAGE_NOT_FOUND", `There is no file or folder ${nameOf(path)}, or it cannot be opened. Check the path.`, { cause: error });
  }
  throw new MedGemmaError("IMAGE_UNREADABLE", `${nameOf(path)} is neither a file nor a folder. Name the folder of a series, or its files.`);
}

/** Stops as soon as there are too many, however many there are. */
async function filesInFolder(root: string, nameOf: (path: string) => string): Promise<string[]> {
  const files: string[] = [];
  const folders = [root];
  let entries = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await opendir(folder)) {
      entries += 1;
      if (entries > maxEntries) {
        throw new MedGemmaError("IMAGE_TOO_LARGE", `${nameOf(root)} holds more than ${maxEntries} files. Name the folder of one series.`);
      }
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.push(path);
    }
  }
  return files;
}
