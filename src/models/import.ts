/** Brings models from a folder, such as a USB stick, into the user's folder of weights, and verifies them on the way. */
import { constants, existsSync } from "node:fs";
import { copyFile, link, open, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { abortSignal, callback, checkArgument, checkOptions, flag, name, orNull, type RulesOf } from "../shared/check-arguments.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { loadAddon } from "../native/load-addon.js";
import { asWriteError } from "../shared/write-file.js";
import { choicesOf, idOf, readCatalog, type Catalog } from "./catalog.js";
import { findProblem } from "./check-file.js";
import { ensureSpace } from "./disk-space.js";
import { hashFile } from "./hash-file.js";
import { describeStored, findCandidates, type Candidate, type CandidateFile, type SkippedFile } from "./import-candidates.js";
import { findStored } from "./find-stored.js";
import { installedModels, sizeOf, type InstalledModel } from "./installed.js";
import { readManifest, recordFile, recordModel, type ManifestFile } from "./manifest.js";
import { lockFolder, partialFolder } from "./model-folder.js";
import { modelHome } from "./model-home.js";
import { folderOf, parseModelName } from "./model-name.js";
import { ensureOllamaPair } from "./ollama-pair.js";
import { ensureWidthsFit } from "./pair-model.js";
import { plainName } from "./plain-name.js";

/** What is imported with a model, and what is told on the way. */
export interface ImportOptions {
  /** Path of the projector; null: none. Default: the recorded one, else the one beside the model that belongs to it. */
  readonly mmproj?: string | null | undefined;
  /** Link the files instead of copying them: hard where both lie on one disk, else symbolic. Default false. */
  readonly link?: boolean | undefined;
  /** Replace files of the same name with other bytes that were pulled or imported before. Default false. */
  readonly replace?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Called with a sentence: why nothing happens for a while. */
  readonly onWait?: ((reason: string) => void) | undefined;
  /** Called for each GGUF file that is not imported. */
  readonly onSkip?: ((skipped: SkippedFile) => void) | undefined;
  /** Called with a sentence that the user should know. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** Called with a sentence about what is done. */
  readonly onNote?: ((note: string) => void) | undefined;
}

const rules: RulesOf<ImportOptions> = {
  mmproj: orNull(name),
  link: flag,
  replace: flag,
  signal: abortSignal,
  onProgress: callback,
  onWait: callback,
  onSkip: callback,
  onWarning: callback,
  onNote: callback
};

/** How far one file is. */
export interface ImportProgress {
  /** "copy", or "check": the hash of a file that is compared. */
  readonly stage: "copy" | "check";
  readonly file: string;
  readonly doneBytes: number;
  readonly byteLength: number;
}

/**
 * Brings the models that can be run into the folder of weights, and checks every byte of those whose hash is known. Other GGUF
 * files are left out. A file that was pulled or imported before is never replaced by another of its name without `replace`.
 *
 * @param path A folder that `pull --to` filled, any folder with GGUF files in it or below it, a GGUF file, or the id of a model in
 *   another program's store ("ollama:medgemma1.5").
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_MISMATCH, HASH_MISMATCH, DISK_FULL, FILE_UNUSABLE, INVALID_ARGUMENT, ABORTED
 */
export async function importModels(path: string, options: ImportOptions = {}): Promise<InstalledModel[]> {
  checkArgument("The path", path, name);
  checkOptions("The options of importModels", options, rules);
  const catalog = await readCatalog();
  const stored = existsSync(path) ? null : await findStored(path);
  const { models, skipped } = stored === null ? await findCandidates(path, catalog, options.mmproj) : { models: [await describeStored(stored, catalog, options.mmproj)], skipped: [] };
  if (models.length === 0) throw nothingFound(path, skipped);
  for (const file of skipped) options.onSkip?.(file);
  const sound: Candidate[] = [];
  for (const model of models) {
    try {
      await checkPair(model);
      sound.push(model);
    } catch (error) {
      // One broken download does not keep the others back; alone it is the answer.
      if (!(error instanceof MedGemmaError) || models.length === 1) throw error;
      options.onSkip?.({ path: model.identity.path, reason: `cannot be used: ${firstLine(error)}` });
    }
  }
  const ids: string[] = [];
  for (const model of sound) {
    for (const warning of model.warnings) options.onWarning?.(warning);
    for (const note of model.notes) options.onNote?.(note);
    ids.push(await importModel(model, catalog, options));
  }
  const installed = await installedModels();
  return ids.flatMap((id) => installed.find((one) => one.id === id) ?? []);
}

function nothingFound(path: string, skipped: readonly SkippedFile[]): MedGemmaError {
  const [first, ...others] = skipped.map((file) => `${basename(file.path)} ${file.reason}`);
  const hint = first === undefined ? "" : ` ${[first, ...others.slice(0, 2)].join("; ")}${others.length > 2 ? `; and ${others.length - 2} more` : ""}.`;
  return new MedGemmaError("MODEL_NOT_FOUND", `${path} has no model to import: expected GGUF files of MedGemma, or folders that a pull filled.${hint}`);
}

/** Before anything is copied: whole files, and a projector whose tokens the model takes. */
async function checkPair({ identity, parts, mmproj }: Candidate): Promise<void> {
  const addon = loadAddon();
  for (const { path } of parts) await addon.checkGguf(path);
  if (mmproj !== null) ensureWidthsFit(identity, await addon.inspectProjector(mmproj.path));
}

/** @returns what the model is called from here on */
async function importModel(model: Candidate, catalog: Catalog, options: ImportOptions): Promise<string> {
  const { id, identity, mmproj } = model;
  if (identity.kind === "ollama") {
    const { signal, onProgress, onWait, onNote } = options;
    return (await ensureOllamaPair(identity.path, { id, signal, onProgress, onWait, onNote })).id;
  }
  const folder = join(modelHome(), folderFor(id, catalog));
  if (resolve(dirname(identity.path)) === resolve(folder)) return id; // it lies there already
  await using _lock = await lockFolder(folder, options);
  const files = mmproj === null ? model.parts : [...model.parts, mmproj];
  const present = await readManifest(folder);
  const missing: CandidateFile[] = [];
  for (const file of files) if (!(await isThere(folder, file, present.files, options))) missing.push(file);
  const bytes = options.link === true ? 0 : missing.reduce((sum, { byteLength }) => sum + byteLength, 0);
  await ensureSpace(folder, bytes, id);
  for (const file of missing) await bring(folder, file, options);
  // The model comes last: until it is recorded, nothing lists or loads what lies there.
  const [first] = model.parts;
  await recordModel(folder, { id, text: targetName(first?.name ?? ""), mmproj: mmproj === null ? null : targetName(mmproj.name) });
  await warnOfOtherHash(id, folder, catalog, options);
  return id;
}

/** Is the same file there already? @throws MedGemmaError FILE_UNUSABLE for another one of its name */
async function isThere(folder: string, { path, name: ownName, byteLength, sha256 }: CandidateFile, records: Readonly<Record<string, ManifestFile>>, options: ImportOptions): Promise<boolean> {
  const name = targetName(ownName);
  const there = join(folder, name);
  const size = await sizeOf(there);
  if (size === null) return false;
  const record = Object.hasOwn(records, name) ? records[name] : undefined;
  if (record === undefined) throw new MedGemmaError("FILE_UNUSABLE", `${there} is there already, and not from a pull or import. Move it away, then import again.`);
  if (byteLength === record.byteLength) {
    const onProgress = (doneBytes: number) => options.onProgress?.({ stage: "check", file: name, doneBytes, byteLength });
    const found = sha256 ?? (await hashFile(path, { signal: options.signal, onProgress }));
    // The same file as before; where the one that is there was damaged since, it is brought again.
    if (found === record.sha256) return (await findProblem(there, record, { signal: options.signal })) === null;
  }
  if (options.replace === true) return false;
  throw new MedGemmaError(
    "FILE_UNUSABLE",
    `${there} exists already with other content (from ${record.source}); nothing was replaced. Remove it first, rename ${path}, or import with replace.`,
    { remedy: { option: "replace" } }
  );
}

async function bring(folder: string, file: CandidateFile, options: ImportOptions): Promise<void> {
  const { path, byteLength, sha256 } = file;
  const name = targetName(file.name);
  const partial = join(folder, partialFolder, name);
  await rm(partial, { force: true }); // of a process that was killed
  try {
    const found = (await takeWithoutCopying(partial, file, options)) ?? (await copy(partial, file, options));
    if (sha256 !== null && found !== sha256) {
      throw new MedGemmaError("HASH_MISMATCH", `${path} is damaged: its sha256 is ${found}, expected ${sha256}. Copy it again from its source.`);
    }
    // In this order, a process that is killed in between leaves no file that looks as if somebody else had put it there.
    await recordFile(folder, name, { byteLength, sha256: found, source: `imported from ${resolve(path)}` });
    await rename(partial, join(folder, name));
  } catch (error) {
    await rm(partial, { force: true });
    throw asWriteError(error, partial);
  }
}

/** By a link where the user wants it, else as a clone that shares the blocks on disks that can. @returns the sha256; null: it must be copied */
async function takeWithoutCopying(partial: string, { path, byteLength }: CandidateFile, { link: wantsLink, signal, onProgress }: ImportOptions): Promise<string | null> {
  if (wantsLink === true) await makeLink(await realpath(path), partial);
  else if (!(await clone(path, partial))) return null;
  return await hashFile(partial, { signal, onProgress: (doneBytes) => onProgress?.({ stage: "check", file: basename(path), doneBytes, byteLength }) });
}

async function makeLink(path: string, partial: string): Promise<void> {
  try {
    await link(path, partial);
  } catch {
    await symlink(path, partial); // another disk, or a file of another user
  }
}

async function clone(path: string, partial: string): Promise<boolean> {
  try {
    await copyFile(path, partial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    await rm(partial, { force: true });
    return false;
  }
}

async function copy(partial: string, { path, byteLength }: CandidateFile, { signal, onProgress }: ImportOptions): Promise<string> {
  await using file = await open(partial, "wx", 0o600);
  const found = await hashFile(path, {
    signal,
    onChunk: async (chunk) => {
      try {
        for (let written = 0; written < chunk.length; ) written += (await file.write(chunk, written)).bytesWritten;
      } catch (error) {
        throw asWriteError(error, partial); // it would pass for a failure to read
      }
    },
    onProgress: (doneBytes) => onProgress?.({ stage: "copy", file: basename(path), doneBytes, byteLength })
  });
  await file.sync();
  return found;
}

/** As `pull` does: a name that the catalog knows, on bytes that it does not know. */
async function warnOfOtherHash(id: string, folder: string, catalog: Catalog, { onWarning }: ImportOptions): Promise<void> {
  const known = choicesOf(catalog).find((choice) => idOf(choice) === id)?.quantization;
  const { models, files } = await readManifest(folder);
  const text = models.find((model) => model.id === id)?.text ?? "";
  const found = files[text]?.sha256;
  if (known?.sha256 === undefined || found === undefined || known.sha256 === found) return;
  onWarning?.(`${text} was imported as ${id}, but is not the file that this version of medgemma-local knows by that name (sha256 ${found}, known ${known.sha256}).`);
}

/** What a file is called in the folder of weights. */
function targetName(original: string): string {
  const name = plainName(original);
  return /\.gguf$/i.test(name) ? name : `${name}.gguf`;
}

function folderFor(id: string, catalog: Catalog): string {
  const name = parseModelName(id, catalog);
  return name === null ? plainName(id).replaceAll(/[^\w.-]/g, "_") : folderOf(name);
}
