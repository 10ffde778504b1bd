/** What a user writes → which of the ids that there are. */
import { posix } from "node:path";
import { nameWithoutSplit } from "../gguf/split-name.js";

/**
 * An id itself, with or without `.gguf`; else the tag `latest`; else all that begin with it; else, of "owner/name:Q4_K_M", all
 * files of that quantisation. Capital letters do not matter.
 *
 * @returns ids; several when it is not clear which is meant
 */
export function matchIds(ids: readonly string[], wanted: string): string[] {
  const name = plain(wanted);
  const exact = ids.filter((id) => [name, `${name}:latest`].includes(plain(id)));
  if (exact.length > 0) return exact.slice(0, 1);
  const inside = ids.filter((id) => [`${name}/`, `${name}:`].some((beginning) => plain(id).startsWith(beginning)));
  if (inside.length > 0) return inside;
  const [, repository, quantization] = /^(.+):([\w.-]+)$/.exec(name) ?? [];
  if (repository === undefined || quantization === undefined) return [];
  return ids.filter((id) => plain(id).startsWith(`${repository}/`) && hasQuantization(posix.basename(id), quantization));
}

/** Is it the name of a text model in this quantisation: "medgemma-4b-it-Q4_K_M.gguf", or a part of one? */
export function hasQuantization(file: string, quantization: string): boolean {
  const name = nameWithoutSplit(file).toLowerCase();
  const ending = quantization.toLowerCase();
  return name === ending || ["-", "_", "."].some((separator) => name.endsWith(separator + ending));
}

/** The first part of a split model stands for all. */
function plain(id: string): string {
  return nameWithoutSplit(id).toLowerCase();
}
