/** Files and folders as given → the files to look at. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { readDicomDirectory } from "../dicom/directory.js";
import { findListedFile } from "../dicom/listed-file.js";
import { MedGemmaError } from "../errors.js";
import { listFolder, type FolderListing } from "../shared/list-folder.js";

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
  /** In folders, as `listFolder` counts them. */
  readonly deadLinks: number;
  readonly closedFolders: number;
}

/**
 * @throws MedGemmaError IMAGE_NOT_FOUND; IMAGE_UNREADABLE for what is neither file nor folder; IMAGE_TOO_LARGE for too many files
 */
export async function listFiles(paths: readonly string[], nameOf: (path: string) => string): Promise<Listing> {
  const found = new Map<string, boolean>();
  let [missing, deadLinks, closedFolders] = [0, 0, 0];
  for (const given of paths) {
    const kind = await kindOf(given, nameOf);
    const listed = kind === "file" ? await listedInDirectory(given, nameOf) : null;
    if (listed !== null) {
      missing += listed.missing;
      for (const path of listed.files) if (!found.has(path)) found.set(path, false);
    } else if (kind === "file") found.set(given, true);
    else {
      const inFolder = await filesInFolder(given, nameOf);
      deadLinks += inFolder.deadLinks;
      closedFolders += inFolder.closedFolders;
      for (const path of inFolder.files) if (!found.has(path)) found.set(path, false);
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    files: sorted.map(([path, isNamed]) => ({ path, isNamed, name: nameOf(path) })),
    missing,
    deadLinks,
    closedFolders
  };
}

/** The images that a DICOMDIR lists. @returns null for any other file */
async function listedInDirectory(
  path: string,
  nameOf: (path: string) => string
): Promise<{ readonly files: readonly string[]; readonly missing: number } | null> {
  if (basename(path).toUpperCase() !== "DICOMDIR" || (await stat(path)).size > maxDirectoryBytes) return null;
  // What cannot be read is told by whoever reads it as an image.
  const listed = readDicomDirectory(await readFile(path).catch(() => new Uint8Array()));
  if (listed === null) return null;
  if (listed.length > maxEntries)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${nameOf(path)} lists ${listed.length} images; the limit is ${maxEntries}. Name the folder of one series.`
    );
  const files: string[] = [];
  for (const parts of listed) {
    const file = await findListedFile(dirname(path), parts);
    if (file !== null && (await isRegularFile(file))) files.push(file);
  }
  return { files, missing: listed.length - files.length };
}

async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
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
    throw new MedGemmaError(
      "IMAGE_NOT_FOUND",
      `There is no file or folder ${nameOf(path)}, or it cannot be opened. Check the path.`,
      { cause: error }
    );
  }
  throw new MedGemmaError(
    "IMAGE_UNREADABLE",
    `${nameOf(path)} is neither a file nor a folder. Name the folder of a series, or its files.`
  );
}

/** Stops as soon as there are too many, however many there are. */
async function filesInFolder(root: string, nameOf: (path: string) => string): Promise<FolderListing> {
  const found = await listFolder(root, maxEntries).catch(() => {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${nameOf(root)} cannot be opened. Check the permissions of the folder.`
    );
  });
  if (found.isTooLarge)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${nameOf(root)} holds more than ${maxEntries} files. Name the folder of one series.`
    );
  return found;
}
