/** What medgemma-local put into a folder: `medgemma-local.json` beside the files. Whatever it does not name is somebody else's. */
import { join } from "node:path";
import { splitNames } from "../gguf/split-name.js";
import { readTextFile } from "../shared/regular-file.js";
import { writeFileAtomically } from "../shared/write-file.js";

export const manifestName = "medgemma-local.json";

export interface Manifest {
  readonly models: readonly ManifestModel[];
  /** File name → what it must be. */
  readonly files: Readonly<Record<string, ManifestFile>>;
}

export interface ManifestModel {
  /** "1.5-4b-it:Q4_K_M", "hf:owner/repository/file.gguf", or the name of an imported file. */
  readonly id: string;
  /** File name in the folder; of a split model that of its first part. */
  readonly text: string;
  /** File name in the folder. */
  readonly mmproj: string | null;
  /** The file that both were made from, where they were not copied. */
  readonly origin?: ModelOrigin | undefined;
}

/** A file of another program. */
export interface ModelOrigin {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly byteLength: number;
  /** ISO time of its last change. */
  readonly modified: string;
  /** Hex. */
  readonly sha256: string;
}

/** What was recorded of a file when it was pulled or imported. */
export interface ManifestFile {
  readonly byteLength: number;
  /** Hex. */
  readonly sha256: string;
  /** Where it came from: "owner/repository@commit/path", or the path that it was imported from. */
  readonly source: string;
  /** ISO time of the last check of the hash. */
  readonly verified: string;
}

const none: Manifest = { models: [], files: {} };

/** An empty one where there is none, or none that can be understood. Names in it stay inside the folder. */
export async function readManifest(folder: string): Promise<Manifest> {
  let content: unknown;
  try {
    content = JSON.parse(await readTextFile(join(folder, manifestName), "record"));
  } catch {
    return none;
  }
  if (typeof content !== "object" || content === null) return none;
  const { models, files } = content as Readonly<Record<string, unknown>>;
  return {
    models: Array.isArray(models) ? models.filter(isModel) : [],
    files: Object.fromEntries(Object.entries(files ?? {}).filter(([name, file]) => isFileName(name) && isFile(file)))
  };
}

/** @throws MedGemmaError FILE_UNUSABLE */
export async function writeManifest(folder: string, { models, files }: Manifest): Promise<void> {
  const content = { about: "Written by medgemma-local. It names the files that it put here.", models, files };
  await writeFileAtomically(join(folder, manifestName), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

/** Files that came with a pull that was not finished: no model has them. */
export function withoutModel({ models, files }: Manifest): string[] {
  const needed = new Set(models.flatMap(({ text, mmproj }) => [...splitNames(text), mmproj]));
  return Object.keys(files).filter((name) => !needed.has(name));
}

/** The folder's lock must be held. */
export async function recordModel(folder: string, model: ManifestModel): Promise<void> {
  const { models, files } = await readManifest(folder);
  await writeManifest(folder, { models: [...models.filter(({ id }) => id !== model.id), model], files });
}

/** The folder's lock must be held. @param file Whole, and just verified. */
export async function recordFile(folder: string, name: string, file: Omit<ManifestFile, "verified">): Promise<void> {
  const { models, files } = await readManifest(folder);
  await writeManifest(folder, { models, files: { ...files, [name]: { ...file, verified: new Date().toISOString() } } });
}

/** A plain name: no folder, no hidden file. */
export function isFileName(name: unknown): name is string {
  return typeof name === "string" && /^[\w+-][\w.+ -]*$/.test(name);
}

function isModel(model: unknown): model is ManifestModel {
  const { id, text, mmproj, origin } = (model ?? {}) as Readonly<Record<string, unknown>>;
  return isModelId(id) && isFileName(text) && (mmproj === null || isFileName(mmproj)) && (origin === undefined || isOrigin(origin));
}

/** A name that can be printed and become a folder: neither empty nor made of dots, without control characters. */
export function isModelId(id: unknown): id is string {
  return typeof id === "string" && id.length <= 300 && /^[\w+][\w.+ :/#@-]*$/.test(id) && !id.split(/[/:]/).some((part) => /^\.*$/.test(part));
}

function isOrigin(origin: unknown): origin is ModelOrigin {
  const { path, byteLength, modified, sha256 } = (origin ?? {}) as Readonly<Record<string, unknown>>;
  return typeof path === "string" && Number.isSafeInteger(byteLength) && typeof modified === "string" && /^[0-9a-f]{64}$/.test(String(sha256));
}

function isFile(file: unknown): file is ManifestFile {
  const { byteLength, sha256, source, verified } = (file ?? {}) as Readonly<Record<string, unknown>>;
  return Number.isSafeInteger(byteLength) && /^[0-9a-f]{64}$/.test(String(sha256)) && typeof source === "string" && typeof verified === "string";
}
