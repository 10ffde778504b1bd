/** Copies models from a folder, such as a USB stick, into the user's folder of weights, and verifies them on the way. */
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { abortSignal, callback, checkArgument, checkOptions, name, type RulesOf } from "../check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { loadAddon } from "../native/load-addon.js";
import { asWriteError } from "../write-file.js";
import { choicesOf, idOf, readCatalog, type Catalog } from "./catalog.js";
import { findProblem } from "./check-file.js";
import { ensureSpace } from "./disk-space.js";
import { hashFile } from "./hash-file.js";
import { installedModels, isProjectorName, projectorBeside, sizeOf, type InstalledModel } from "./installed.js";
import { readManifest, recordFile, recordModel, type ManifestFile } from "./manifest.js";
import { lockFolder, partialFolder } from "./model-folder.js";
import { modelHome } from "./model-home.js";
import { folderOf, parseModelName } from "./model-name.js";

/** What is imported with a model, and what is told on the way. */
export interface ImportOptions {
  /** Path of the projector. Default: the recorded one, else the one `mmproj*.gguf` beside the model. */
  readonly mmproj?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly stage: "copy"; readonly file: string; readonly doneBytes: number; readonly byteLength: number }) => void) | undefined;
  /** Called with a sentence: why nothing happens for a while. */
  readonly onWait?: ((reason: string) => void) | undefined;
}

const rules: RulesOf<ImportOptions> = { mmproj: name, signal: abortSignal, onProgress: callback, onWait: callback };

interface ImportedFile {
  readonly path: string;
  readonly byteLength: number;
  /** Hex; null: nobody recorded it. */
  readonly sha256: string | null;
}

interface ImportedModel {
  readonly id: string;
  readonly text: ImportedFile;
  readonly mmproj: ImportedFile | null;
}

/**
 * Copies models into the folder of weights, and checks every byte of those whose hash is known.
 *
 * @param path A folder that `pull --to` filled, any folder with GGUF files, or a GGUF file.
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, HASH_MISMATCH, DISK_FULL, FILE_UNUSABLE, INVALID_ARGUMENT, ABORTED
 */
export async function importModels(path: string, options: ImportOptions = {}): Promise<InstalledModel[]> {
  checkArgument("The path", path, name);
  checkOptions("The options of importModels", options, rules);
  const catalog = await readCatalog();
  const models = await findModels(path, catalog, options);
  if (models.length === 0) throw new MedGemmaError("MODEL_NOT_FOUND", `${path} holds no model: expected GGUF files, or folders with them from "medgemma-local pull ID --to".`);
  for (const file of new Set(models.flatMap(({ text, mmproj }) => (mmproj === null ? [text.path] : [text.path, mmproj.path])))) await loadAddon().checkGguf(file);
  for (const model of models) await importModel(model, catalog, options);
  const installed = await installedModels();
  return models.flatMap(({ id }) => installed.find((one) => one.id === id) ?? []);
}

async function findModels(path: string, catalog: Catalog, options: ImportOptions): Promise<ImportedModel[]> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new MedGemmaError("MODEL_NOT_FOUND", `There is no file or folder ${path}. Check the path.`, { cause: error });
  });
  if (!facts.isDirectory()) return [await describe(path, catalog, options)];
  const subfolders = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  const found = await Promise.all([path, ...subfolders.map(({ name }) => join(path, name))].map((folder) => modelsIn(folder, catalog, options)));
  return found.flat();
}

async function modelsIn(folder: string, catalog: Catalog, options: ImportOptions): Promise<ImportedModel[]> {
  const { models, files } = await readManifest(folder);
  const recorded = models.map(({ id, text, mmproj }) => {
    const file = (name: string): ImportedFile => {
      const record = files[name];
      if (record === undefined) throw new MedGemmaError("MODEL_CORRUPT", `The record in ${folder} does not say what ${name} is. Pull the model again.`);
      return { path: join(folder, name), byteLength: record.byteLength, sha256: record.sha256 };
    };
    return { id, text: file(text), mmproj: mmproj === null ? null : file(mmproj) };
  });
  if (recorded.length > 0) return recorded;
  const texts = (await readdir(folder)).filter((name) => /\.gguf$/i.test(name) && !isProjectorName(name));
  return await Promise.all(texts.map((name) => describe(join(folder, name), catalog, options)));
}

/** A model that nobody recorded: it is called by its file, as the catalog does where it knows the file. */
async function describe(path: string, catalog: Catalog, options: ImportOptions): Promise<ImportedModel> {
  const name = basename(path);
  const known = choicesOf(catalog).find(({ quantization }) => quantization.file === name);
  const mmproj = options.mmproj ?? (await projectorBeside(path));
  return {
    id: known === undefined ? name.replace(/\.gguf$/i, "") : idOf(known),
    text: await unrecorded(path),
    mmproj: mmproj === null ? null : await unrecorded(mmproj)
  };
}

async function unrecorded(path: string): Promise<ImportedFile> {
  const byteLength = await sizeOf(path);
  if (byteLength === null) throw new MedGemmaError("MODEL_NOT_FOUND", `There is no file ${path}. Check the path.`);
  return { path, byteLength, sha256: null };
}

async function importModel({ id, text, mmproj }: ImportedModel, catalog: Catalog, options: ImportOptions): Promise<void> {
  const folder = join(modelHome(), folderFor(id, catalog));
  if (resolve(dirname(text.path)) === resolve(folder)) return; // it lies there already
  await using _lock = await lockFolder(folder, options);
  const files = mmproj === null ? [text] : [text, mmproj];
  const present = await readManifest(folder);
  const missing: ImportedFile[] = [];
  for (const file of files) if (!(await isThere(folder, file, present.files, options))) missing.push(file);
  await ensureSpace(folder, missing.reduce((sum, { byteLength }) => sum + byteLength, 0), id);
  for (const file of missing) await copy(folder, file, options);
  await recordModel(folder, { id, text: basename(text.path), mmproj: mmproj === null ? null : basename(mmproj.path) });
}

async function isThere(folder: string, { path, byteLength, sha256 }: ImportedFile, records: Readonly<Record<string, ManifestFile>>, { signal }: ImportOptions): Promise<boolean> {
  const name = basename(path);
  const there = join(folder, name);
  if ((await sizeOf(there)) === null) return false;
  if (Object.hasOwn(records, name)) return sha256 !== null && (await findProblem(there, { byteLength, sha256 }, { signal })) === null;
  throw new MedGemmaError("FILE_UNUSABLE", `${there} is there already, and not from a pull or import. Move it away, then import again.`);
}

async function copy(folder: string, { path, byteLength, sha256 }: ImportedFile, { signal, onProgress }: ImportOptions): Promise<void> {
  const name = basename(path);
  const partial = join(folder, partialFolder, name);
  let found: string;
  try {
    await using file = await open(partial, "w", 0o600);
    found = await hashFile(path, {
      signal,
      onChunk: async (chunk) => {
        try {
          for (let written = 0; written < chunk.length; ) written += (await file.write(chunk, written)).bytesWritten;
        } catch (error) {
          throw asWriteError(error, partial); // it would pass for a failure to read
        }
      },
      onProgress: (doneBytes) => onProgress?.({ stage: "copy", file: name, doneBytes, byteLength })
    });
    await file.sync();
    if (sha256 !== null && found !== sha256) {
      throw new MedGemmaError("HASH_MISMATCH", `${path} is damaged: its sha256 is ${found}, expected ${sha256}. Copy it again from where it came.`);
    }
  } catch (error) {
    await rm(partial, { force: true });
    throw asWriteError(error, partial);
  }
  await rename(partial, join(folder, name));
  await recordFile(folder, name, { byteLength, sha256: found, source: `imported from ${resolve(path)}` });
}

function folderFor(id: string, catalog: Catalog): string {
  const name = parseModelName(id, catalog);
  return name === null ? id.replaceAll(/[^\w.-]/g, "_") : folderOf(name);
}
