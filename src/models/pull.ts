/** Makes sure that a model is in a folder, whole and verified: downloads what is missing, and goes on where it stopped. */
import { rename, rmdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { abortSignal, callback, checkArgument, checkOptions, flag, name as nameRule, orNull, type RulesOf } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { download } from "./hub/download.js";
import { Hub, type HubFile } from "./hub/hub.js";
import { writeFileAtomically } from "../shared/write-file.js";
import { idOf, readCatalog, type Catalog } from "./catalog.js";
import { findProblem } from "./check-file.js";
import { ensureSpace } from "./disk-space.js";
import { installedModels, sizeOf, type InstalledModel } from "./installed.js";
import { readManifest, recordFile, recordModel } from "./manifest.js";
import { lockFolder, partialFolder } from "./model-folder.js";
import { makeFolder, modelHome } from "./model-home.js";
import { folderOf, parseModelName, type ModelName } from "./model-name.js";
import { chooseFiles, type ChosenFiles } from "./repository-files.js";
import { acceptTerms, ensureTermsAccepted } from "./terms.js";

/** Where a model is pulled to, and what is told on the way. */
export interface PullOptions {
  /** Where the model's folder is made. Default: the user's folder of weights. */
  readonly home?: string | undefined;
  /** Name of the projector in the repository; null: none. Default: the catalog's, else the F16 one. */
  readonly mmproj?: string | null | undefined;
  /** Says that the user accepts the terms of the weights; it is recorded and need not be said again. */
  readonly acceptTerms?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Called with a sentence: why nothing happens for a while. */
  readonly onWait?: ((reason: string) => void) | undefined;
  /** Called with the reason when a request failed and is made again. */
  readonly onRetry?: ((reason: string) => void) | undefined;
  /** Called with a sentence that the user should know, whatever comes of it. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

const rules: RulesOf<PullOptions> = {
  home: nameRule,
  mmproj: orNull(nameRule),
  acceptTerms: flag,
  signal: abortSignal,
  onProgress: callback,
  onWait: callback,
  onRetry: callback,
  onWarning: callback
};

/** How far one file is. */
export interface PullProgress {
  /** "download", or "check": the hash of a file that is there already. */
  readonly stage: "download" | "check";
  /** Its name. */
  readonly file: string;
  readonly doneBytes: number;
  /** Of the whole file. */
  readonly byteLength: number;
}

/**
 * Downloads a model with its projector, goes on where an earlier pull was interrupted, and checks every byte.
 *
 * @param name "1.5-4b-it", "1.5-4b-it:Q8_0", "hf:owner/name/file.gguf", "hf:owner/name:Q4_K_M"
 * @throws MedGemmaError MODEL_NOT_FOUND, TERMS_NOT_ACCEPTED, OFFLINE, ACCESS_DENIED, DOWNLOAD_FAILED, HASH_MISMATCH,
 *   DISK_FULL, FILE_UNUSABLE, INVALID_ARGUMENT, ABORTED
 */
export async function pullModel(name: string, options: PullOptions = {}): Promise<InstalledModel> {
  checkArgument("The model", name, nameRule);
  checkOptions("The options of pullModel", options, rules);
  const catalog = await readCatalog();
  const wanted = parseModelName(name, catalog);
  if (wanted === null) throw notInCatalog(name, catalog);
  if (options.acceptTerms === true) await acceptTerms();
  await ensureTermsAccepted();

  const home = options.home ?? modelHome();
  const source = sourceOf(wanted);
  const folder = join(home, source.folder);
  if (source.id !== null && options.mmproj === undefined) {
    const present = await findIn(home, folder, source.id);
    if (present !== undefined && (await isWhole(present, options))) return present;
  }

  const hub = new Hub();
  await using _lock = await lockFolder(folder, options);
  const chosen = await findFiles(hub, wanted, source, options);
  if (options.home !== undefined) await writeNotice(home, catalog);
  await bring(hub, folder, chosen, options);
  const [first] = chosen.parts;
  const id = source.id ?? hubId(source.repository, first.path, source.revision);
  if (chosen.mmproj === null && wanted.kind === "hub" && options.mmproj === undefined) {
    options.onWarning?.(`${source.repository} has no projector: ${id} cannot see images. If you have a projector of the same model, give it as mmproj when you load the model.`);
  }
  await recordModel(folder, { id, text: basename(first.path), mmproj: chosen.mmproj === null ? null : basename(chosen.mmproj.path) });
  const installed = await findIn(home, folder, id);
  if (installed === undefined) throw new MedGemmaError("INTERNAL", `${folder} does not hold ${id} after its download.`);
  return installed;
}

interface Source {
  readonly repository: string;
  readonly revision: string;
  /** Name of the model's folder. */
  readonly folder: string;
  /** null: it depends on what the repository holds. */
  readonly id: string | null;
}

function sourceOf(wanted: ModelName): Source {
  if (wanted.kind === "catalog") {
    const { repository, revision } = wanted.model;
    return { repository, revision, folder: folderOf(wanted), id: idOf(wanted) };
  }
  const { repository, revision, path } = wanted;
  return { repository, revision, folder: folderOf(wanted), id: path === null ? null : hubId(repository, path, revision) };
}

function hubId(repository: string, path: string, revision: string): string {
  return `hf:${repository}/${path}${revision === "main" ? "" : `#${revision}`}`;
}

async function findIn(home: string, folder: string, id: string): Promise<InstalledModel | undefined> {
  return (await installedModels(home)).find((model) => model.id === id && model.folder === folder);
}

async function findFiles(hub: Hub, wanted: ModelName, { repository, revision }: Source, options: PullOptions): Promise<ChosenFiles> {
  const files = await hub.listFiles(repository, revision, {
    signal: options.signal,
    onRetry: options.onRetry ?? options.onWait
  });
  const chosen = chooseFiles(files, wanted, { repository, mmproj: options.mmproj });
  warnOfOtherHash(wanted, chosen.parts[0], options);
  return chosen;
}

async function bring(hub: Hub, folder: string, { parts, mmproj }: ChosenFiles, options: PullOptions): Promise<void> {
  const missing: HubFile[] = [];
  for (const file of mmproj === null ? parts : [...parts, mmproj]) if (!(await adopt(folder, file, options))) missing.push(file);
  const sizes = await Promise.all(missing.map((file) => bytesToCome(folder, file)));
  await ensureSpace(
    folder,
    sizes.reduce((sum, size) => sum + size, 0),
    parts[0].path
  );
  for (const file of missing) await fetchFile(hub, folder, file, options);
  await rmdir(join(folder, partialFolder)).catch(() => undefined); // another download may be unfinished in it
}

async function isWhole({ parts, mmproj, record }: InstalledModel, options: PullOptions): Promise<boolean> {
  if (record === null) return false;
  for (const [index, path] of parts.entries()) {
    const file = record.parts[index];
    if (file === undefined || (await findProblem(path, file, options)) !== null) return false;
  }
  return mmproj === null || record.mmproj === null || (await findProblem(mmproj, record.mmproj, options)) === null;
}

/**
 * Is the right file there already: of a pull that ended before it was recorded, of another quantisation, or put there by
 * hand? A wrong one of ours is downloaded again; of somebody else's, nothing is touched.
 */
async function adopt(folder: string, file: HubFile, options: PullOptions): Promise<boolean> {
  const name = basename(file.path);
  const path = join(folder, name);
  if ((await sizeOf(path)) === null) return false;
  if ((await findProblem(path, file, options)) === null) {
    await record(folder, file, file.revision);
    return true;
  }
  const { files } = await readManifest(folder);
  if (Object.hasOwn(files, name)) return false;
  throw new MedGemmaError("FILE_UNUSABLE", `${path} differs from ${file.path} of ${file.repository}, and was not pulled. Move it away, then pull again.`);
}

async function fetchFile(hub: Hub, folder: string, file: HubFile, { signal, onProgress, onWait, onRetry = onWait }: PullOptions): Promise<void> {
  const name = basename(file.path);
  const { path, commit } = await download(hub, file, join(folder, partialFolder), {
    signal,
    onRetry,
    onProgress: (progress) => onProgress?.({ stage: "download", file: name, ...progress })
  });
  await rename(path, join(folder, name));
  await record(folder, file, commit ?? file.revision);
}

async function record(folder: string, { path, repository, byteLength, sha256 }: HubFile, commit: string): Promise<void> {
  await recordFile(folder, basename(path), { byteLength, sha256, source: `${repository}@${commit}/${path}` });
}

/** What a partial file already takes of the disk need not be free any more. */
async function bytesToCome(folder: string, { sha256, byteLength }: HubFile): Promise<number> {
  const taken = await stat(join(folder, partialFolder, sha256)).then(
    ({ blocks }) => blocks * 512, // POSIX: st_blocks counts in 512 bytes
    () => 0
  );
  return Math.max(0, byteLength - taken);
}

/** The hub's word counts, as for all files whose hash this version does not know; but nobody should be surprised. */
function warnOfOtherHash(wanted: ModelName, text: HubFile, { onWarning }: PullOptions): void {
  const known = wanted.kind === "catalog" ? wanted.quantization.sha256 : undefined;
  if (known === undefined || known === text.sha256) return;
  onWarning?.(`${text.path} of ${text.repository} is not the file that this version of medgemma-local knows (sha256 ${text.sha256}, known ${known}).`);
}

/** Whoever gets the folder must get this sentence too. */
async function writeNotice(home: string, { license }: Catalog): Promise<void> {
  await makeFolder(home);
  await writeFileAtomically(join(home, "NOTICE.txt"), `${license.notice}\n\nTo use these files on another machine, import this folder there.\n`);
}

function notInCatalog(name: string, { models }: Catalog): MedGemmaError {
  const ids = models.map(({ id }) => id);
  const ofHub = `hf:${/^[\w.-]+\/[\w.-]+$/.test(name) ? name : "OWNER/NAME"}/FILE.gguf`;
  const sizes = models.find((model) => model.id === name.split(":")[0])?.quantizations.map((one) => one.name);
  return new MedGemmaError(
    "MODEL_NOT_FOUND",
    sizes === undefined
      ? `"${name}" is not a model that can be pulled. Choose ${ids.join(", ")}, or name a file of the hub: ${ofHub}.`
      : `There is no ${name}. Choose ${sizes.join(", ")}, or name another file of the hub: ${ofHub}.`
  );
}
