/** What a user calls a model → the paths of its files, made usable: a projector that belongs to it, a pair where Ollama has one file. Downloads nothing. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { MedGemmaError } from "../errors.js";
import { identifyGguf } from "../gguf/identify.js";
import { nameWithoutSplit } from "../gguf/split-name.js";
import { readCatalog, type Catalog } from "./catalog.js";
import { demoModel } from "./demo-model.js";
import { findStored } from "./find-stored.js";
import { findDefault, findInstalled, installedModels, type InstalledModel } from "./installed.js";
import { matchIds } from "./match-id.js";
import { parseModelName } from "./model-name.js";
import { modelHome } from "./model-home.js";
import { ensureOllamaPair, type OllamaPairOptions } from "./ollama-pair.js";
import { pairModel } from "./pair-model.js";
import type { StoredModel } from "./stored-models.js";
import { textParts } from "./text-parts.js";

/** A model that can be loaded. */
export interface ResolvedModel {
  readonly id: string;
  /** Path of the text model, or of its first part. */
  readonly text: string;
  /** null: text alone. */
  readonly mmproj: string | null;
  /** Sentences about the choice: what may be wrong with it, and what was chosen. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

export interface ResolveOptions extends OllamaPairOptions {
  /** Path of the projector; null: text alone. Default: the one that came with the model, else the one beside it that belongs to it. */
  readonly mmproj?: string | null | undefined;
}

/**
 * @param source "demo", the id of an installed model or of one in another program's store ("ollama:medgemma1.5"), or the path of a
 *   GGUF file. Default: the installed MedGemma if there is one, else the demo model.
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, FILE_UNUSABLE, DISK_FULL, ABORTED; INVALID_ARGUMENT when several
 *   models or projectors could be meant, or for a part of a split model behind the first; MODEL_MISMATCH for a model that cannot be
 *   used as it lies in its store
 */
export async function resolveModel(source: string | undefined, options: ResolveOptions = {}): Promise<ResolvedModel> {
  if (source === demoModel.id) return demo(options);
  const catalog = await readCatalog();
  const installed = await installedModels();
  const model = source === undefined ? await findDefault(installed, catalog) : installedNamed(source, installed, catalog);
  if (model !== undefined) return await resolveInstalled(model, options);
  if (source === undefined) return { ...demo(options), warnings: [demoIsUsed] };
  const stored = await findStored(source);
  if (stored !== null) return await resolveStored(stored, options);
  if (existsSync(source)) return await resolveFile(source, nameWithoutSplit(basename(source)), options);
  throw notFound(source, parseModelName(source, catalog) !== null);
}

/** A fallback must be loud: the demo model's words about a real picture mean nothing. */
const demoIsUsed = "No MedGemma is installed, so the demo model is used. It knows drawn phantoms only, nothing medical.";

function demo({ mmproj }: ResolveOptions): ResolvedModel {
  return { ...demoModel, mmproj: mmproj === undefined ? demoModel.mmproj : mmproj, warnings: [], notes: [] };
}

async function resolveInstalled({ id, text, mmproj, record }: InstalledModel, options: ResolveOptions): Promise<ResolvedModel> {
  if (record === null) return await resolveFile(text, id, options);
  return { id, text, ...(await pairModel(await identifyGguf(text), options.mmproj === undefined ? mmproj : options.mmproj)) };
}

async function resolveFile(path: string, id: string, options: ResolveOptions): Promise<ResolvedModel> {
  await textParts(path);
  const identity = await identifyGguf(path);
  if (identity.kind === "part") {
    throw new MedGemmaError("INVALID_ARGUMENT", `${path} is not the first part of a split model, and was renamed, so llama.cpp cannot find the others (NAME-00001-of-00002.gguf). Give the parts their original names, and name the first.`);
  }
  if (identity.kind !== "ollama") return { id, text: path, ...(await pairModel(identity, options.mmproj)) };
  const pair = await ensureOllamaPair(path, options);
  return { id: pair.id, text: pair.text, mmproj: options.mmproj === undefined ? pair.mmproj : options.mmproj, warnings: [], notes: [] };
}

async function resolveStored({ id, kind, text, mmproj, warnings, notes, unsupported }: StoredModel, options: ResolveOptions): Promise<ResolvedModel> {
  if (unsupported !== null) throw new MedGemmaError("MODEL_MISMATCH", `${id} cannot be used as it is: ${unsupported}.`, { remedy: { option: "model", also: ["lora"] } });
  // Under another id than the store's: an update there must not be answered by the pair of the old file.
  if (kind === "ollama") {
    const wanted = options.mmproj === undefined ? (mmproj ?? undefined) : options.mmproj;
    return { ...(await resolveFile(text, id, { ...options, mmproj: wanted, id: id.replaceAll(/[:/]/g, "-") })), id };
  }
  if (options.mmproj !== undefined) return { id, text, ...(await pairModel(await identifyGguf(text), options.mmproj)) };
  return { id, text, mmproj, warnings, notes };
}

/** "hf:owner/name:Q4_K_M" is the file that its pull brought. */
function installedNamed(name: string, installed: readonly InstalledModel[], catalog: Catalog): InstalledModel | undefined {
  const known = findInstalled(installed, catalog, name);
  if (known !== undefined || !name.startsWith("hf:")) return known;
  const ids = matchIds(installed.map(({ id }) => id), name);
  if (ids.length > 1) throw new MedGemmaError("INVALID_ARGUMENT", `${name} can be ${ids.join(", ")}. Name one of them.`);
  return installed.find(({ id }) => id === ids[0]);
}

/** The file of the text model that is called so, as it lies there. @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT when several could be meant */
export async function findModelFile(name: string): Promise<string> {
  if (name === demoModel.id) return demoModel.text;
  const catalog = await readCatalog();
  const model = installedNamed(name, await installedModels(), catalog) ?? (await findStored(name));
  if (model === null) throw notFound(name, parseModelName(name, catalog) !== null);
  return model.text;
}

/** Is there a model that answers when nobody names one? */
export async function hasInstalledModel(): Promise<boolean> {
  return (await findDefault(await installedModels(), await readCatalog())) !== undefined;
}

/** Is it here, installed or in the store of another program? @throws MedGemmaError INVALID_ARGUMENT when several could be meant */
export async function isHere(name: string): Promise<boolean> {
  return installedNamed(name, await installedModels(), await readCatalog()) !== undefined || (await findStored(name)) !== null;
}

function notFound(source: string, canBePulled: boolean): MedGemmaError {
  if (canBePulled) return new MedGemmaError("MODEL_NOT_FOUND", `${source} is not installed in ${modelHome()}. Download it first.`, { remedy: { command: "pull", argument: source } });
  const looksLikePath = /[/\\]|\.gguf$/i.test(source);
  return new MedGemmaError(
    "MODEL_NOT_FOUND",
    looksLikePath
      ? `There is no model file ${source}. Check the path.`
      : `No model "${source}" is installed in ${modelHome()}, and none of that name can be downloaded.`,
    { remedy: looksLikePath ? null : { command: "models" } }
  );
}
