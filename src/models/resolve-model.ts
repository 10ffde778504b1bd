/** What a user calls a model → the paths of its two files. Opens neither, and downloads nothing. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { MedGemmaError } from "../errors.js";
import { readCatalog } from "./catalog.js";
import { demoModel, type ModelPaths } from "./demo-model.js";
import { findInstalled, installedModels, projectorBeside, type InstalledModel } from "./installed.js";
import { parseModelName } from "./model-name.js";
import { modelHome } from "./model-home.js";

/**
 * @param source "demo", the id of an installed model, or the path of a GGUF file. Default: the installed MedGemma if there
 *   is one, else the demo model.
 * @param options.mmproj Path of the projector. Default: the one that was pulled with the model, else the one
 *   `mmproj*.gguf` beside it; none there: text only.
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT when several projectors lie beside the model
 */
export async function resolveModel(
  source: string | undefined,
  options: { readonly mmproj?: string | undefined } = {}
): Promise<ModelPaths> {
  const { mmproj } = options;
  if (source === demoModel.id) return { ...demoModel, mmproj: mmproj ?? demoModel.mmproj };
  const catalog = await readCatalog();
  const installed = findInstalled(await installedModels(), catalog, source);
  if (installed !== undefined) return { id: installed.id, text: installed.text, mmproj: mmproj ?? (await projectorOf(installed)) };
  if (source === undefined) return { ...demoModel, mmproj: mmproj ?? demoModel.mmproj };
  if (existsSync(source)) {
    return { id: basename(source).replace(/\.gguf$/i, ""), text: source, mmproj: mmproj ?? (await projectorBeside(source)) };
  }
  throw notFound(source, parseModelName(source, catalog) !== null);
}

/** Is there a model that answers when nobody names one? */
export async function hasInstalledModel(): Promise<boolean> {
  return (await installedModels()).length > 0;
}

export async function isInstalled(name: string): Promise<boolean> {
  return findInstalled(await installedModels(), await readCatalog(), name) !== undefined;
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
