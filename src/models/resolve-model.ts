/** What a user calls a model → the paths of its two files. Opens neither, and downloads nothing. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { MedGemmaError } from "../errors.js";
import { readCatalog, type Catalog } from "./catalog.js";
import { demoModel, type ModelPaths } from "./demo-model.js";
import { findStored } from "./find-stored.js";
import { findInstalled, installedModels, projectorBeside, type InstalledModel } from "./installed.js";
import { matchIds } from "./match-id.js";
import { parseModelName } from "./model-name.js";
import { modelHome } from "./model-home.js";

/**
 * @param source "demo", the id of an installed model or of one in another program's store ("ollama:medgemma1.5"), or the path of a
 *   GGUF file. Default: the installed MedGemma if there is one, else the demo model.
 * @param options.mmproj Path of the projector. Default: the one that was pulled with the model, else the one
 *   `mmproj*.gguf` beside it; none there: text only.
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT when several models or projectors could be meant; MODEL_MISMATCH for a model
 *   that cannot be used as it lies in its store
 */
export async function resolveModel(
  source: string | undefined,
  options: { readonly mmproj?: string | undefined } = {}
): Promise<ModelPaths> {
  const { mmproj } = options;
  if (source === demoModel.id) return { ...demoModel, mmproj: mmproj ?? demoModel.mmproj };
  const catalog = await readCatalog();
  const installed = await installedNamed(source, catalog);
  if (installed !== undefined) return { id: installed.id, text: installed.text, mmproj: mmproj ?? (await projectorOf(installed)) };
  if (source === undefined) return { ...demoModel, mmproj: mmproj ?? demoModel.mmproj };
  const stored = await findStored(source);
  if (stored !== null) {
    if (stored.unsupported !== null) throw new MedGemmaError("MODEL_MISMATCH", `${stored.id} cannot be used as it is: ${stored.unsupported}`);
    return { id: stored.id, text: stored.text, mmproj: mmproj ?? stored.mmproj };
  }
  if (existsSync(source)) {
    return { id: basename(source).replace(/\.gguf$/i, ""), text: source, mmproj: mmproj ?? (await projectorBeside(source)) };
  }
  throw notFound(source, parseModelName(source, catalog) !== null);
}

/** Is there a model that answers when nobody names one? */
export async function hasInstalledModel(): Promise<boolean> {
  return (await installedModels()).length > 0;
}

/** Is it here, installed or in the store of another program? @throws MedGemmaError INVALID_ARGUMENT when several could be meant */
export async function isHere(name: string): Promise<boolean> {
  return (await installedNamed(name, await readCatalog())) !== undefined || (await findStored(name)) !== null;
}

/** "hf:owner/name:Q4_K_M" is the file that its pull brought. */
async function installedNamed(name: string | undefined, catalog: Catalog): Promise<InstalledModel | undefined> {
  const installed = await installedModels();
  const known = findInstalled(installed, catalog, name);
  if (known !== undefined || name?.startsWith("hf:") !== true) return known;
  const ids = matchIds(installed.map(({ id }) => id), name);
  if (ids.length > 1) throw new MedGemmaError("INVALID_ARGUMENT", `${name} can be ${ids.join(", ")}. Name one of them.`);
  return installed.find(({ id }) => id === ids[0]);
}

function notFound(source: string, canBePulled: boolean): MedGemmaError {
  if (canBePulled) return new MedGemmaError("MODEL_NOT_FOUND", `${source} is not installed in ${modelHome()}. Download it: medgemma-local pull ${source}`);
  const looksLikePath = /[/\\]|\.gguf$/i.test(source);
  return new MedGemmaError(
    "MODEL_NOT_FOUND",
    looksLikePath
      ? `There is no model file ${source}. Check the path.`
      : `No model "${source}" is installed in ${modelHome()}, nor can it be pulled. See: medgemma-local models`
  );
}

async function projectorOf({ text, mmproj, record }: InstalledModel): Promise<string | null> {
  return record === null ? await projectorBeside(text) : mmproj;
}
