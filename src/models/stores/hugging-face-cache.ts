/**
 * The cache of huggingface_hub, which llama.cpp shares since 2026: models--OWNER--NAME/snapshots/COMMIT/FILE, links to
 * blobs/SHA256 (https://huggingface.co/docs/huggingface_hub/guides/manage-cache). Where links cannot be made, as on Windows,
 * the files themselves lie in the snapshot.
 */
import { readdir, readlink, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { findGgufFiles, readText } from "./find-files.js";
import { joinFor, variable, type Machine, type Store, type StoreFile } from "./store.js";

export function huggingFaceFolders(machine: Machine): string[] {
  const join = joinFor(machine);
  const home = variable(machine, "HF_HOME") ?? join(variable(machine, "XDG_CACHE_HOME") ?? join(machine.home, ".cache"), "huggingface");
  const hub = variable(machine, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? join(home, "hub");
  const llama = variable(machine, "LLAMA_CACHE"); // llama.cpp's own word for it
  return [hub, ...(llama === null ? [] : [llama])].map((folder) => folder.replace(/^~(?=$|[/\\])/, machine.home));
}

/** "owner/name" for models--owner--name; null: the folder is not one of a model. */
export function huggingFaceRepository(folder: string): string | null {
  const repository = /^models--(.+)$/.exec(folder)?.[1]?.replaceAll("--", "/");
  return repository !== undefined && /^[\w.-]+\/[\w.-]+$/.test(repository) ? repository : null;
}

export const huggingFaceCache: Store = {
  id: "hf",
  title: "Hugging Face cache",
  repositories: async (machine) => {
    const found = [];
    for (const hub of new Set(huggingFaceFolders(machine))) {
      for (const folder of await readdir(hub).catch(() => [])) {
        const repository = huggingFaceRepository(folder);
        const files = repository === null ? [] : await filesOf(join(hub, folder), repository);
        if (files.length > 0) found.push({ isFlat: false, files });
      }
    }
    return found;
  }
};

/** Each path of the repository once: the newest that is there. */
async function filesOf(folder: string, repository: string): Promise<StoreFile[]> {
  const files = new Map<string, StoreFile>();
  for (const snapshot of await snapshotsOf(folder)) {
    for (const { name, path, byteLength } of await findGgufFiles(snapshot, 4)) {
      if (!files.has(name)) files.set(name, { ids: [`hf:${repository}/${name}`], name, path, byteLength, sha256: await hashOf(path) });
    }
  }
  return [...files.values()];
}

/** The branch main first, then the others, newest first: a quantisation that was downloaded earlier is whole still. */
async function snapshotsOf(folder: string): Promise<string[]> {
  const main = (await readText(join(folder, "refs", "main")))?.trim();
  const snapshots = join(folder, "snapshots");
  const dated = await Promise.all(
    (await readdir(snapshots).catch(() => [])).map(async (commit) => {
      const changed = await stat(join(snapshots, commit)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0
      );
      return { path: join(snapshots, commit), rank: commit === main ? Number.POSITIVE_INFINITY : changed };
    })
  );
  return dated.toSorted((a, b) => (a.rank === b.rank ? 0 : b.rank - a.rank)).map(({ path }) => path);
}

/** A large file's blob is called by its sha256, a small one's by a git hash of 40 digits. */
async function hashOf(path: string): Promise<string | null> {
  const blob = basename(await readlink(path).catch(() => "")).toLowerCase();
  return /^[0-9a-f]{64}$/.test(blob) ? blob : null;
}
