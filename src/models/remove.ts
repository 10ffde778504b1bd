/** Removes a model: the files that were pulled or imported for it and that no other model needs. Nothing else. */
import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { abortSignal, callback, checkArgument, checkOptions, name as nameRule } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { readCatalog } from "./catalog.js";
import { installedModels, type InstalledModel } from "./installed.js";
import { manifestName, readManifest, withoutModel, writeManifest, type Manifest } from "./manifest.js";
import { lockName, lockFolder, partialFolder, type WaitOptions } from "./model-folder.js";
import { modelHome } from "./model-home.js";
import { unfinishedDownloads } from "./unfinished.js";

/** What was deleted. */
export interface RemovedModel {
  /** As `installedModels` called it. */
  readonly id: string;
  /** Paths that are gone. */
  readonly files: readonly string[];
}

/**
 * Deletes the files of a model that was pulled or imported, but no file that another model needs or that somebody put there.
 *
 * @param name As `installedModels` calls it; a catalog id alone when one quantisation of it is installed.
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT for several, or for files that somebody put there; FILE_UNUSABLE;
 *   ABORTED
 */
export async function removeModel(name: string, options: WaitOptions = {}): Promise<RemovedModel> {
  checkArgument("The model", name, nameRule);
  checkOptions("The options of removeModel", options, { signal: abortSignal, onWait: callback });
  const installed = await installedModels();
  const meant = installed.filter(({ id }) => id === name || id.startsWith(`${name}:`));
  const [model] = meant;
  if (model === undefined) return await removeUnfinished(name, options);
  if (meant.length > 1) {
    throw new MedGemmaError("INVALID_ARGUMENT", `${name} is installed as ${meant.map(({ id }) => id).join(", ")}. Name one of them.`);
  }
  if (model.record === null) {
    throw new MedGemmaError("INVALID_ARGUMENT", `${model.text} was not pulled or imported, but put there by hand. Delete it yourself.`);
  }
  return await remove(model, options);
}

async function remove({ id, folder }: InstalledModel, options: WaitOptions): Promise<RemovedModel> {
  let gone: string[];
  {
    await using _lock = await lockFolder(folder, options);
    const { models, files } = await readManifest(folder);
    const left = models.filter((model) => model.id !== id);
    gone = await dropFiles(folder, { models: left, files });
    if (left.length === 0) await rm(join(folder, partialFolder), { recursive: true, force: true });
  }
  await removeIfEmpty(folder);
  return { id, files: gone };
}

/**
 * Those that no model has. First the record, then the files: what a crash leaves in between is a file, not a model that is
 * half there.
 *
 * @returns the paths of what is gone
 */
async function dropFiles(folder: string, manifest: Manifest): Promise<string[]> {
  const dropped = withoutModel(manifest);
  const kept = Object.entries(manifest.files).filter(([file]) => !dropped.includes(file));
  await writeManifest(folder, { models: manifest.models, files: Object.fromEntries(kept) });
  const paths = dropped.map((file) => join(folder, file));
  for (const path of paths) await rm(path, { force: true });
  return paths;
}

async function removeUnfinished(name: string, options: WaitOptions): Promise<RemovedModel> {
  const unfinished = (await unfinishedDownloads()).find(({ id }) => id === name || name.startsWith(`${id}:`));
  if (unfinished === undefined) {
    const { models } = await readCatalog();
    const isKnown = models.some(({ id }) => id === name);
    throw new MedGemmaError("MODEL_NOT_FOUND", `No model "${name}" is installed in ${modelHome()}.`, { remedy: isKnown ? null : { command: "models" } });
  }
  const { folder, paths } = unfinished;
  {
    await using _lock = await lockFolder(folder, options);
    await dropFiles(folder, await readManifest(folder));
    await rm(join(folder, partialFolder), { recursive: true, force: true });
  }
  await removeIfEmpty(folder);
  return { id: name, files: paths };
}

/** Of our own folder nothing is left but its record; with a file of somebody else it stays. */
async function removeIfEmpty(folder: string): Promise<void> {
  const left = await readdir(folder).catch(() => [manifestName, ""]);
  if (left.some((name) => name !== manifestName && name !== lockName)) return;
  if ((await readManifest(folder)).models.length > 0 || folder === modelHome()) return;
  await rm(join(folder, manifestName), { force: true });
  await rmdir(folder).catch(() => undefined); // somebody was faster with a file of theirs
}
