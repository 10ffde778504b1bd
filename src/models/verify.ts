/** Are the files of the installed models still what they were when they came? */
import { basename, dirname } from "node:path";
import { abortSignal, callback, checkArgument, checkOptions, name as nameRule } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { loadAddon } from "../native/load-addon.js";
import { readCatalog } from "./catalog.js";
import { findProblem, type CheckOptions } from "./check-file.js";
import { findStored } from "./find-stored.js";
import { findInstalled, installedModels, type InstalledModel } from "./installed.js";
import { readManifest, writeManifest, type ManifestFile } from "./manifest.js";
import { lockFolder } from "./model-folder.js";
import { modelHome } from "./model-home.js";
import type { StoredModel } from "./stored-models.js";

/** What became of the check of a file. */
export interface VerifiedFile {
  /** Of the model that it belongs to. */
  readonly id: string;
  readonly path: string;
  /**
   * "whole": its sha256 is the recorded one. "damaged": it is another. "unrecorded": put there by hand, or by a program that keeps
   * no hashes; its header is whole.
   */
  readonly state: "whole" | "damaged" | "unrecorded";
  /** What is wrong with it; null when nothing is. */
  readonly problem: string | null;
}

/**
 * Reads every byte of the installed models, and compares the hashes with the recorded ones.
 *
 * @param name Of one model, installed or in another program's store; default: all that are installed.
 * @throws MedGemmaError MODEL_NOT_FOUND, FILE_UNUSABLE, ABORTED
 */
export async function verifyModels(name?: string, options: CheckOptions = {}): Promise<VerifiedFile[]> {
  if (name !== undefined) checkArgument("The model", name, nameRule);
  checkOptions("The options of verifyModels", options, { signal: abortSignal, onProgress: callback });
  const installed = await installedModels();
  const one = name === undefined ? undefined : findInstalled(installed, await readCatalog(), name);
  if (name !== undefined && one === undefined) {
    const stored = await findStored(name);
    if (stored !== null) return await verifyStored(stored, options);
    throw new MedGemmaError("MODEL_NOT_FOUND", `No model "${name}" is installed in ${modelHome()}.`, { remedy: { command: "models" } });
  }
  const results = new Map<string, VerifiedFile>();
  for (const model of one === undefined ? installed : [one]) {
    for (const [path, record] of filesOf(model)) {
      if (!results.has(path)) results.set(path, { id: model.id, path, ...(record === null ? await checkHeader(path) : await checkHash(path, record, options)) });
    }
  }
  await noteChecked([...results.values()].filter(({ state }) => state === "whole"));
  return [...results.values()];
}

/** A store that calls its files by their hash says what they must be. */
async function verifyStored({ id, files }: StoredModel, options: CheckOptions): Promise<VerifiedFile[]> {
  const results: VerifiedFile[] = [];
  for (const { path, byteLength, sha256 } of files) {
    const verdict = sha256 === null ? await checkHeader(path) : await checkHash(path, { byteLength, sha256 }, options);
    results.push({ id, path, ...verdict });
  }
  return results;
}

function filesOf({ parts, mmproj, record }: InstalledModel): [string, ManifestFile | null][] {
  const files = parts.map((path, index): [string, ManifestFile | null] => [path, record?.parts[index] ?? null]);
  if (mmproj !== null) files.push([mmproj, record?.mmproj ?? null]);
  return files;
}

type Verdict = Pick<VerifiedFile, "state" | "problem">;

async function checkHash(path: string, record: Pick<ManifestFile, "byteLength" | "sha256">, options: CheckOptions): Promise<Verdict> {
  const problem = await findProblem(path, record, options);
  return { state: problem === null ? "whole" : "damaged", problem };
}

async function checkHeader(path: string): Promise<Verdict> {
  try {
    await loadAddon().checkGguf(path);
    return { state: "unrecorded", problem: null };
  } catch (error) {
    if (error instanceof MedGemmaError && ["MODEL_CORRUPT", "FILE_UNUSABLE", "MODEL_NOT_FOUND"].includes(error.code)) return { state: "damaged", problem: error.message };
    throw error;
  }
}

/** Records the time of the check; on a medium that cannot be written, the check counts all the same. */
async function noteChecked(whole: readonly VerifiedFile[]): Promise<void> {
  const verified = new Date().toISOString();
  for (const folder of new Set(whole.map(({ path }) => dirname(path)))) {
    const names = new Set(whole.filter(({ path }) => dirname(path) === folder).map(({ path }) => basename(path)));
    try {
      await using _lock = await lockFolder(folder, {});
      const { models, files } = await readManifest(folder);
      const noted = Object.entries(files).map(([name, file]) => [name, names.has(name) ? { ...file, verified } : file] as const);
      await writeManifest(folder, { models, files: Object.fromEntries(noted) });
    } catch (error) {
      if (!(error instanceof MedGemmaError)) throw error;
    }
  }
}
