/** Files and folders as given → the files to look at. Links inside of folders are not followed, nor those of a DICOMDIR. */
import { lstat, opendir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readDicomDirectory } from "../dicom/directory.js";
import { findListedFile } from "../dicom/listed-file.js";
import { MedGemmaError } from "../errors.js";

/** Files and folders that are looked at: a whole-body CT in thin slices has about 3000 files. */
const maxEntries = 20_000;

/** Of a DICOMDIR; a full DVD has one of some 10 MB. */
const maxDirectoryBytes = 2 ** 27;

export interface ListedFile {
  readonly path: string;
  readonly name: string;
  /** Whether it was named itself: then it must be a DICOM file. */
  readonly isNamed: boolean;
}

export interface Listing {
  /** In the order of their paths. */
  readonly files: readonly ListedFile[];
  /** Files that a DICOMDIR lists and that are not there. */
  readonly missing: number;
  /** Links in folders, which are passed over: they may lead anywhere. */
  readonly links: number;
  /** Folders inside of the given ones that cannot be opened: not allowed, or of a name that is not UTF-8. */
  readonly closedFolders: number;
}

/**
 * @throws MedGemmaError IMAGE_NOT_FOUND; IMAGE_UNREADABLE for what is neither file nor folder; IMAGE_TOO_LARGE for too many files
 */
export async function listFiles(paths: readonly string[], nameOf: (path: string) => string): Promise<Listing> {
  const found = new Map<string, boolean>();
  let [missing, links, closedFolders] = [0, 0, 0];
  for (const given of paths) {
    const kind = await kindOf(given, nameOf);
    const listed = kind === "file" ? await listedInDirectory(given, nameOf) : null;
    if (listed !== null) {
      missing += listed.missing;
      for (const path of listed.files) if (!found.has(path)) found.set(path, false);
    } else if (kind === "file") found.set(given, true);
    else {
      const inFolder = await filesInFolder(given, nameOf);
      links += inFolder.links;
      closedFolders += inFolder.closedFolders;
      for (const path of inFolder.files) if (!found.has(path)) found.set(path, false);
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return { files: sorted.map(([path, isNamed]) => ({ path, isNamed, name: nameOf(path) })), missing, links, closedFolders };
}

/** The images that a DICOMDIR lists. @returns null for any other file */
async function listedInDirectory(path: string, nameOf: (path: string) => string): Promise<{ readonly files: readonly string[]; readonly missing: number } | null> {
  if (basename(path).toUpperCase() !== "DICOMDIR" || (await stat(path)).size > maxDirectoryBytes) return null;
  // What cannot be read is told by whoever reads it as an image.
  const listed = readDicomDirectory(await readFile(path).catch(() => new Uint8Array()));
  if (listed === null) return null;
  if (listed.length > maxEntries) throw new MedGemmaError("IMAGE_TOO_LARGE", `${nameOf(path)} lists ${listed.length} images; the limit is ${maxEntries}. Name the folder of one series.`);
  const files: string[] = [];
  for (const parts of listed) {
    const file = await findListedFile(dirname(path), parts);
    if (file !== null && (await isPlainFile(file))) files.push(file);
  }
  return { files, missing: listed.length - files.length };
}

async function isPlainFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch {
    return false;
  }
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
async function filesInFolder(root: string, nameOf: (path: string) => string): Promise<{ readonly files: readonly string[]; readonly links: number; readonly closedFolders: number }> {
  const files: string[] = [];
  const folders = [root];
  let [entries, links, closedFolders] = [0, 0, 0];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const opened = await opendir(folder).catch(() => null);
    if (opened === null && folder === root) throw new MedGemmaError("IMAGE_UNREADABLE", `${nameOf(root)} cannot be opened. Check the permissions of the folder.`);
    if (opened === null) closedFolders += 1;
    for await (const entry of opened ?? []) {
      entries += 1;
      if (entries > maxEntries) {
        throw new MedGemmaError("IMAGE_TOO_LARGE", `${nameOf(root)} holds more than ${maxEntries} files. Name the folder of one series.`);
      }
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.push(path);
      else if (entry.isSymbolicLink()) links += 1;
    }
  }
  return { files, links, closedFolders };
}
