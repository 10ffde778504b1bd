/** Downloads that were interrupted and can go on. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { partialFolder } from "./model-folder.js";
import { modelHome } from "./model-home.js";

export interface UnfinishedDownload {
  /** "1.5-4b-it", or the name of the repository as a folder. */
  readonly id: string;
  readonly folder: string;
  /** On the disk. */
  readonly byteLength: number;
}

export async function unfinishedDownloads(home: string = modelHome()): Promise<UnfinishedDownload[]> {
  const folders = await readdir(home).catch(() => []);
  const found = await Promise.all(
    folders.map(async (name) => {
      const folder = join(home, name);
      const files = await readdir(join(folder, partialFolder)).catch(() => []);
      const sizes = await Promise.all(files.map((file) => stat(join(folder, partialFolder, file)).then((facts) => facts.blocks * 512, () => 0)));
      return { id: name.replace(/^medgemma-/, ""), folder, byteLength: sizes.reduce((a, b) => a + b, 0) };
    })
  );
  return found.filter(({ byteLength }) => byteLength > 0);
}
