/** What a user calls a model → the paths of its two files. Opens neither. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { demoModel, installedModels, modelHome, projectorsBeside, type ModelPaths } from "./known-models.js";

/**
 * @param source "demo", the id of an installed model, or the path of a GGUF file. Default: the installed MedGemma with
 *   a projector if there is one, else the demo model.
 * @param options.mmproj Path of the projector. Default: the one `mmproj*.gguf` beside the model; none there: text only.
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT when several projectors lie beside the model
 */
export async function resolveModel(
  source: string | undefined,
  options: { readonly mmproj?: string | undefined } = {}
): Promise<ModelPaths> {
  if (source === demoModel.id) return { ...demoModel, mmproj: options.mmproj ?? demoModel.mmproj };
  if (source === undefined) return await defaultModel(options.mmproj);

  const installed = (await installedModels()).find((model) => model.id === source);
  if (installed !== undefined) return { ...installed, mmproj: options.mmproj ?? (await projectorFor(installed.text)) };
  if (existsSync(source)) {
    return { id: basename(source).replace(/\.gguf$/i, ""), text: source, mmproj: options.mmproj ?? (await projectorFor(source)) };
  }
  const looksLikePath = /[/\\]|\.gguf$/i.test(source);
  throw new MedGemmaError(
    "MODEL_NOT_FOUND",
    looksLikePath
      ? `There is no model file ${source}. Check the path.`
      : `No model "${source}" is installed in ${modelHome()}. Use "demo", the path of a GGUF file, or put the files there.`
  );
}

async function defaultModel(mmproj: string | undefined): Promise<ModelPaths> {
  const [installed] = await installedModels();
  if (installed === undefined) return { ...demoModel, mmproj: mmproj ?? demoModel.mmproj };
  return { ...installed, mmproj: mmproj ?? (await projectorFor(installed.text)) };
}

async function projectorFor(text: string): Promise<string | null> {
  const folder = dirname(text);
  const candidates = (await projectorsBeside(folder)).filter((name) => name !== basename(text));
  if (candidates.length > 1) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${folder} holds ${candidates.length} projectors (${candidates.join(", ")}). Choose one with --mmproj.`
    );
  }
  const [name] = candidates;
  return name === undefined ? null : join(folder, name);
}
