/** What is in the folder of weights: models that were pulled or imported, and files that somebody put there. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { choicesOf, idOf, type Catalog } from "./catalog.js";
import { readManifest, type ManifestFile } from "./manifest.js";
import { modelHome } from "./model-home.js";

/** A model in the folder of weights. */
export interface InstalledModel {
  /** "1.5-4b-it:Q4_K_M", "hf:owner/repository/file.gguf", or the file's name without `.gguf`. */
  readonly id: string;
  /** The folder that its files are in. */
  readonly folder: string;
  /** Path of the text model. */
  readonly text: string;
  /** Path of the projector that was pulled or imported with it; null when none was, or nobody recorded it. */
  readonly mmproj: string | null;
  /** null: the file was put there by hand. */
  readonly record: { readonly text: ManifestFile; readonly mmproj: ManifestFile | null } | null;
}

/**
 * The models in the folder of weights. Recorded ones first, each kind by name. Files that a record names but that are gone do not
 * count.
 *
 * @param home The folder. Default: the user's.
 * @throws MedGemmaError FILE_UNUSABLE when the folder is there and cannot be read
 */
export async function installedModels(home: string = modelHome()): Promise<readonly InstalledModel[]> {
  // Links count: large folders are often kept on another disk.
  const folders = [home, ...(await entriesOfHome(home)).filter((entry) => !entry.isFile()).map((entry) => join(home, entry.name))];
  const found = await Promise.all(folders.map(modelsIn));
  return found.flat().sort((a, b) => Number(a.record === null) - Number(b.record === null) || a.id.localeCompare(b.id));
}

/** What the folder of weights holds. One that is there and cannot be read is an error: its models would be missed without a word. */
async function entriesOfHome(home: string) {
  try {
    return await readdir(home, { withFileTypes: true });
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    const why = code === "EACCES" || code === "EPERM" ? "permission denied" : message;
    throw new MedGemmaError("FILE_UNUSABLE", `The folder of weights ${home} cannot be read: ${why}. Change its permissions, or set MEDGEMMA_HOME to a folder of your own.`, { cause: error });
  }
}

async function modelsIn(folder: string): Promise<InstalledModel[]> {
  const names = (await entries(folder)).filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const { models, files } = await readManifest(folder);
  const recorded = models.flatMap(({ id, text, mmproj }): InstalledModel[] => {
    const file = files[text];
    if (file === undefined || !names.includes(text) || (mmproj !== null && !names.includes(mmproj))) return [];
    const projector = mmproj === null ? null : (files[mmproj] ?? null);
    return [{ id, folder, text: join(folder, text), mmproj: mmproj === null ? null : join(folder, mmproj), record: { text: file, mmproj: projector } }];
  });
  // A file that is recorded without a model came with a pull that is not finished.
  const known = new Set([...models.map(({ text }) => text), ...Object.keys(files)]);
  const others = names.filter((name) => /^medgemma.*\.gguf$/i.test(name) && !isProjectorName(name) && !/lora|adapter/i.test(name) && !known.has(name));
  return [
    ...recorded,
    ...others.map((name) => ({ id: name.slice(0, -".gguf".length), folder, text: join(folder, name), mmproj: null, record: null }))
  ];
}

/**
 * The installed model that a name means: its id, or a catalog id with or without its quantisation.
 *
 * @param name undefined: the one to take when nobody says which, in the order of the catalog.
 */
export function findInstalled(installed: readonly InstalledModel[], catalog: Catalog, name?: string): InstalledModel | undefined {
  const exact = installed.find(({ id }) => id === name);
  if (exact !== undefined) return exact;
  for (const choice of choicesOf(catalog)) {
    const id = idOf(choice);
    if (name !== undefined && name !== choice.model.id && name !== id) continue;
    const match = installed.find((one) => one.id === id) ?? installed.find((one) => one.record === null && isNamed(one, choice.quantization.file));
    if (match !== undefined) return match;
  }
  return name === undefined ? installed[0] : undefined;
}

/** By the naming that all converters share. */
export function isProjectorName(name: string): boolean {
  return /mmproj.*\.gguf$/i.test(name);
}

/** Names of the projectors beside a model. */
export async function projectorsBeside(folder: string): Promise<readonly string[]> {
  return (await entries(folder))
    .filter((entry) => !entry.isDirectory() && isProjectorName(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/** Path of the only projector beside a model; null: none is there. @throws MedGemmaError INVALID_ARGUMENT for several */
export async function projectorBeside(text: string): Promise<string | null> {
  const folder = dirname(text);
  const candidates = (await projectorsBeside(folder)).filter((name) => name !== basename(text));
  if (candidates.length > 1) {
    throw new MedGemmaError("INVALID_ARGUMENT", `${folder} holds ${candidates.length} projectors (${candidates.join(", ")}). Choose one with --mmproj.`);
  }
  const [name] = candidates;
  return name === undefined ? null : join(folder, name);
}

/** Bytes on the disk; null when a file is not there. */
export async function sizeOf(path: string): Promise<number | null> {
  return await stat(path).then(
    ({ size }) => size,
    () => null
  );
}

function isNamed({ text }: InstalledModel, file: string): boolean {
  return text.endsWith(file) && /[/\\]$/.test(text.slice(0, -file.length));
}

async function entries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return []; // no folder, no models
  }
}
