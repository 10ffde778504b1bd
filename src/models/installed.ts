/** What is in the folder of weights: models that were pulled or imported, and files that somebody put there. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { identifyGguf } from "../gguf/identify.js";
import { isLaterPart, nameWithoutSplit, splitNames } from "../gguf/split-name.js";
import { checkArgument, name as nameRule } from "../shared/check-arguments.js";
import { choicesOf, idOf, type Catalog } from "./catalog.js";
import { lineageOf } from "./lineage.js";
import { readManifest, type ManifestFile, type ModelOrigin } from "./manifest.js";
import { modelHome } from "./model-home.js";
import { isProjectorName } from "./projector-choice.js";

/** A model in the folder of weights. */
export interface InstalledModel {
  /** "1.5-4b-it:Q4_K_M", "hf:owner/repository/file.gguf", or the file's name without `.gguf`. */
  readonly id: string;
  /** The folder that its files are in. */
  readonly folder: string;
  /** Path of the text model; of a split one that of its first part. */
  readonly text: string;
  /** Paths of all files of the text model, in order: one, unless it is split. */
  readonly parts: readonly string[];
  /** Path of the projector that was pulled or imported with it; null when none was, or nobody recorded it. */
  readonly mmproj: string | null;
  /** null: the file was put there by hand. */
  readonly record: {
    /** Of the text model, or its first part. */
    readonly text: ManifestFile;
    /** As `InstalledModel.parts`. */
    readonly parts: readonly ManifestFile[];
    readonly mmproj: ManifestFile | null;
  } | null;
  /** The file of another program that both files were made from; null: they were copied as they are. */
  readonly origin: ModelOrigin | null;
}

/**
 * The models in the folder of weights. Recorded ones first, each kind by name. Files that a record names but that are gone do not
 * count.
 *
 * @param home The folder. Default: the user's.
 * @throws MedGemmaError FILE_UNUSABLE when the folder is there and cannot be read
 */
export async function installedModels(home: string = modelHome()): Promise<readonly InstalledModel[]> {
  checkArgument("The folder of weights", home, nameRule);
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
  const recorded = models.flatMap(({ id, text, mmproj, origin = null }): InstalledModel[] => {
    const parts = splitNames(text);
    const [first, ...others] = parts.flatMap((part) => (names.includes(part) ? (files[part] ?? []) : []));
    if (first === undefined || others.length !== parts.length - 1 || (mmproj !== null && !names.includes(mmproj))) return [];
    const record = { text: first, parts: [first, ...others], mmproj: mmproj === null ? null : (files[mmproj] ?? null) };
    return [{ id, folder, text: join(folder, text), parts: parts.map((part) => join(folder, part)), mmproj: mmproj === null ? null : join(folder, mmproj), record, origin }];
  });
  // A file that is recorded without a model came with a pull that is not finished.
  const known = new Set([...models.map(({ text }) => text), ...Object.keys(files)]);
  const others = names.filter((name) => isModelName(name) && !known.has(name) && splitNames(name).every((part) => names.includes(part)));
  return [
    ...recorded,
    ...others.map((name) => {
      const parts = splitNames(name).map((part) => join(folder, part));
      return { id: nameWithoutSplit(name), folder, text: join(folder, name), parts, mmproj: null, record: null, origin: null };
    })
  ];
}

/** By its name, a text model of MedGemma that somebody put there. */
function isModelName(name: string): boolean {
  return /medgemma.*\.gguf$/i.test(name) && !isProjectorName(name) && !isLaterPart(name) && !/lora|adapter|imatrix/i.test(name);
}

/** The installed model that a name means: its id, or a catalog id with or without its quantisation. */
export function findInstalled(installed: readonly InstalledModel[], catalog: Catalog, name: string): InstalledModel | undefined {
  const exact = installed.find(({ id }) => id === name);
  if (exact !== undefined) return exact;
  for (const choice of choicesOf(catalog)) {
    const id = idOf(choice);
    if (name !== choice.model.id && name !== id) continue;
    const match = findChoice(installed, id, choice.quantization.file);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** The installed model to take when nobody says which: the first in the order of the catalog that can answer. */
export async function findDefault(installed: readonly InstalledModel[], catalog: Catalog): Promise<InstalledModel | undefined> {
  const preferred = choicesOf(catalog).flatMap((choice) => findChoice(installed, idOf(choice), choice.quantization.file) ?? []);
  let pretrained: InstalledModel | undefined;
  let broken: InstalledModel | undefined;
  for (const model of new Set([...preferred, ...installed])) {
    const identity = await identifyGguf(model.text).catch(() => null);
    // Where nothing else is there, loading it says what is wrong, which is better than the demo model's answer.
    if (identity === null) broken ??= model;
    if (identity === null || (identity.kind !== "text" && identity.kind !== "ollama")) continue;
    // The pre-trained variant goes on with a text; it follows no instructions.
    if (!lineageOf(identity).isPretrained) return model;
    pretrained ??= model;
  }
  return pretrained ?? broken;
}

function findChoice(installed: readonly InstalledModel[], id: string, file: string): InstalledModel | undefined {
  return installed.find((one) => one.id === id) ?? installed.find((one) => one.record === null && isNamed(one, file));
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
