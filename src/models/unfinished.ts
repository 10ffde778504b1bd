/** Downloads that were interrupted and can go on. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readManifest, withoutModel } from "./manifest.js";
import { partialFolder } from "./model-folder.js";
import { modelHome } from "./model-home.js";

export interface UnfinishedDownload {
  /** "1.5-4b-it", or the name of the repository as a folder. */
  readonly id: string;
  readonly folder: string;
  /** Whole files and parts of files. */
  readonly paths: readonly string[];
  /** On the disk. */
  readonly byteLength: number;
}

export async function unfinishedDownloads(home: string = modelHome()): Promise<UnfinishedDownload[]> {
  const names = await readdir(home).catch(() => []);
  const found = await Promise.all(names.map(async (name) => await lookInto(join(home, name), name)));
  return found.filter(({ byteLength }) => byteLength > 0);
}

async function lookInto(folder: string, name: string): Promise<UnfinishedDownload> {
  const parts = (await readdir(join(folder, partialFolder)).catch(() => [])).map((file) => join(folder, partialFolder, file));
  const paths = [...withoutModel(await readManifest(folder)).map((file) => join(folder, file)), ...parts];
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ blocks }) => blocks * 512, // POSIX: st_blocks counts in 512 bytes; a partial file has holes
        () => 0
      )
    )
  );
  return { id: name.replace(/^medgemma-/, ""), folder, paths, byteLength: sizes.reduce((sum, size) => sum + size, 0) };
}
