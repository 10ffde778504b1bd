/**
 * The files of a folder and of all folders in it, as DICOM archives and volumes lie. Links are followed, as DataLad, git-annex and
 * Nextflow make folders of nothing else, but none back to a folder that is above it, or that was seen. Hidden files and folders
 * are passed over.
 */
import { opendir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

export interface FolderListing {
  /** Regular files in the order of their paths, by the names of the links that lead to them. */
  readonly files: readonly string[];
  /** Links to what is not there, to a folder above or seen before, or to what is neither file nor folder. */
  readonly deadLinks: number;
  /** Folders that cannot be opened: not allowed, or of a name that is not UTF-8. */
  readonly closedFolders: number;
  /** Whether there are more than `most` files and folders; then the rest was not looked at. */
  readonly isTooLarge: boolean;
}

/** @throws the error of the file system when `root` itself cannot be opened */
export async function listFolder(root: string, most: number): Promise<FolderListing> {
  const files: string[] = [];
  const folders = [root];
  const seen = new Set([await realpath(root)]);
  let [entries, deadLinks, closedFolders] = [0, 0, 0];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const opened = await opendir(folder).catch((error: unknown) => {
      if (folder === root) throw error;
      closedFolders += 1;
      return [];
    });
    for await (const entry of opened) {
      entries += 1;
      if (entries > most) return { files, deadLinks, closedFolders, isTooLarge: true };
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) {
        const target = await targetOf(path);
        if (target === "file") files.push(path);
        else if (target === null || !isNew(target.folder, seen)) deadLinks += 1;
        else {
          seen.add(target.folder);
          folders.push(path);
        }
      }
    }
  }
  return { files: files.sort(), deadLinks, closedFolders, isTooLarge: false };
}

async function targetOf(link: string): Promise<"file" | { readonly folder: string } | null> {
  try {
    const found = await stat(link);
    return found.isFile() ? "file" : found.isDirectory() ? { folder: await realpath(link) } : null;
  } catch {
    return null; // leads nowhere, or in a circle
  }
}

/** What lies in a folder that was seen is walked, or was: only what lies beside all of them is new. */
function isNew(folder: string, seen: ReadonlySet<string>): boolean {
  const isInside = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
  return [...seen].every((one) => !isInside(folder, one) && !isInside(one, folder));
}
