/**
 * Ollama: manifests/HOST/NAMESPACE/MODEL/TAG names blobs/sha256-HEX. As its manifest/ and envconfig/ packages
 * (https://github.com/ollama/ollama) write it.
 */
import { join } from "node:path";
import { asRecords, fileSize, findFiles, readRecord, type FoundFile } from "./find-files.js";
import { joinFor, variable, type Machine, type Store, type StoreFile, type StoreRepository } from "./store.js";

/** Layers with files that a model is made of. An adapter counts: without it the model would be another. */
const layerTypes = new Set(["model", "projector", "adapter"].map((kind) => `application/vnd.ollama.image.${kind}`));

/** Homes of the system's service: Ollama's installer, the packages of Arch Linux and NixOS, and the snap. */
const serviceFolders = ["/usr/share/ollama/.ollama/models", "/var/lib/ollama", "/var/lib/ollama/models", "/var/snap/ollama/common/models"];

export function ollamaFolders(machine: Machine): string[] {
  // Ollama takes quotes off.
  const chosen = variable(machine, "OLLAMA_MODELS")?.trim().replaceAll(/^["']+|["']+$/g, "") ?? "";
  if (chosen !== "") return [chosen];
  return [joinFor(machine)(machine.home, ".ollama", "models"), ...(machine.platform === "linux" ? serviceFolders : [])];
}

/** "medgemma1.5:4b" for registry.ollama.ai/library/medgemma1.5/4b, as `ollama list` shows it; null: not the name of a manifest. */
export function ollamaName(manifest: string): string | null {
  const [host = "", namespace = "", model, tag, ...rest] = manifest.split("/");
  if (model === undefined || tag === undefined || rest.length > 0) return null;
  const isDefault = { host: host.toLowerCase() === "registry.ollama.ai", namespace: namespace.toLowerCase() === "library" };
  const parts = !isDefault.host ? [host, namespace, model] : !isDefault.namespace ? [namespace, model] : [model];
  return `${parts.join("/")}:${tag}`;
}

export const ollama: Store = {
  id: "ollama",
  title: "Ollama",
  repositories: async (machine) => {
    const found: StoreRepository[] = [];
    for (const folder of ollamaFolders(machine)) {
      for (const manifest of await findFiles(join(folder, "manifests"), { ending: /(?:)/, depth: 3 })) {
        const files = await filesOf(manifest, folder);
        if (files.length > 0) found.push({ isFlat: false, files });
      }
    }
    return found;
  }
};

/** Of a model whose files are not all there: none. */
async function filesOf(manifest: FoundFile, folder: string): Promise<StoreFile[]> {
  const name = ollamaName(manifest.name);
  if (name === null) return [];
  const layers = asRecords((await readRecord(manifest.path)).layers).filter(({ mediaType }) => layerTypes.has(String(mediaType)));
  const files: StoreFile[] = [];
  for (const { digest, size } of layers) {
    const [, sha256] = /^sha256[:-]([0-9a-f]{64})$/i.exec(String(digest)) ?? [];
    if (sha256 === undefined) return [];
    const path = join(folder, "blobs", `sha256-${sha256}`);
    const byteLength = await fileSize(path);
    if (byteLength === null || (typeof size === "number" && size !== byteLength)) return [];
    files.push({ ids: [`ollama:${name}`], name, path, byteLength, sha256: sha256.toLowerCase() });
  }
  return files;
}
