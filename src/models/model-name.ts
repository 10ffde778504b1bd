/** What can be pulled, by name: a model of the catalog, or files of any repository of the hub. */
import type { Catalog, CatalogChoice } from "./catalog.js";

export type ModelName =
  | ({ readonly kind: "catalog" } & CatalogChoice)
  | {
      readonly kind: "hub";
      /** "owner/name" */
      readonly repository: string;
      /** Branch, tag or commit. */
      readonly revision: string;
      /** The text model's path in the repository; null: the only one there. */
      readonly path: string | null;
      /** With several text models: part of the name, such as "Q4_K_M". */
      readonly quantization: string | null;
    };

/** owner/name[/path][:quantisation][#revision], as node-llama-cpp writes it. */
const hubName = /^hf:([\w.-]+\/[\w.-]+)(?:\/([^:#]+))?(?::([\w.-]+))?(?:#([\w./-]+))?$/;

/**
 * "1.5-4b-it", "1.5-4b-it:Q8_0", "hf:owner/name/file.gguf", "hf:owner/name:Q4_K_M", "hf:owner/name/file.gguf#revision".
 * null: none of these.
 */
export function parseModelName(name: string, catalog: Catalog): ModelName | null {
  const [, repository, path = null, quantization = null, revision = "main"] = hubName.exec(name) ?? [];
  if (repository !== undefined) {
    if (`${repository}/${path ?? ""}`.split("/").some((part) => /^\.+$/.test(part))) return null;
    return { kind: "hub", repository, revision, path, quantization };
  }
  const [id = "", wanted, ...rest] = name.split(":");
  const model = catalog.models.find((one) => one.id === id.toLowerCase());
  const chosen = model?.quantizations.find((one) => wanted === undefined || one.name === wanted.toUpperCase());
  return model === undefined || chosen === undefined || rest.length > 0 ? null : { kind: "catalog", model, quantization: chosen };
}

/** The folder in the user's home for it: a catalog model's quantisations share one, with one projector; so do a repository's files. */
export function folderOf(name: ModelName): string {
  return name.kind === "catalog" ? `medgemma-${name.model.id}` : name.repository.replace("/", "--");
}
