/**
 * Docker Model Runner: models.json lists manifests, manifests/sha256/HEX names blobs/sha256/HEX (pkg/distribution of
 * https://github.com/docker/model-runner). The parts of a split model have names that belong together in its bundle only.
 */
import { join } from "node:path";
import { asRecords, fileSize, findGgufFiles, readRecord } from "./find-files.js";
import { joinFor, variable, type Machine, type Store, type StoreFile, type StoreRepository } from "./store.js";

export function dockerFolders(machine: Machine): string[] {
  const chosen = variable(machine, "MODELS_PATH"); // other programs have a variable of this name too
  return [...(chosen === null ? [] : [chosen]), joinFor(machine)(machine.home, ".docker", "models")];
}

/** "ai/medgemma:4B" and, as `docker model list` shows it, "medgemma:4B". */
export function dockerNames(tag: string): string[] {
  const name = tag.replace(/^(?:index\.)?docker\.io\//, "");
  return [name, ...(name.startsWith("ai/") ? [name.slice("ai/".length)] : [])];
}

export const dockerModelRunner: Store = {
  id: "docker",
  title: "Docker Model Runner",
  repositories: async (machine) => {
    const found: StoreRepository[] = [];
    for (const folder of dockerFolders(machine)) {
      for (const { id, tags } of asRecords((await readRecord(join(folder, "models.json"))).models)) {
        const files = await filesOf(folder, hexOf(id), Array.isArray(tags) ? tags.map(String) : []);
        if (files.length > 0) found.push({ isFlat: false, files });
      }
    }
    return found;
  }
};

/** Of a model whose files are not all there: none. */
async function filesOf(folder: string, manifest: string | null, tags: readonly string[]): Promise<StoreFile[]> {
  if (manifest === null) return [];
  const named = tags.filter((tag) => /^[\w.:/@-]+$/.test(tag)).flatMap(dockerNames);
  const names = named.length === 0 ? [manifest] : named;
  const ids = names.map((name) => `docker:${name}`);
  const layers = asRecords((await readRecord(join(folder, "manifests", "sha256", manifest))).layers);
  const files: StoreFile[] = [];
  for (const { mediaType, digest, size } of layers) {
    if (!/[.]gguf\b|[.]mmproj\b/.test(String(mediaType))) continue;
    const sha256 = hexOf(digest);
    if (sha256 === null) return [];
    const path = join(folder, "blobs", "sha256", sha256);
    const byteLength = await fileSize(path);
    if (byteLength === null || (typeof size === "number" && size !== byteLength)) return [];
    files.push({ ids, name: String(mediaType).includes("mmproj") ? "model.mmproj" : "model.gguf", path, byteLength, sha256 });
  }
  if (files.filter(({ name }) => name === "model.gguf").length <= 1) return files;
  const parts = await findGgufFiles(join(folder, "bundles", "sha256", manifest, "model"), 0);
  return [...parts.map((part) => ({ ids, ...part, sha256: null })), ...files.filter(({ name }) => name === "model.mmproj")];
}

function hexOf(digest: unknown): string | null {
  return /^sha256:([0-9a-f]{64})$/i.exec(String(digest))?.[1]?.toLowerCase() ?? null;
}
