/** The projector of a text model: the one that is named, or the one that lies with it. */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { identifyGguf, type GgufIdentity } from "../gguf/identify.js";
import { parseSplitName } from "../gguf/split-name.js";
import type { ProjectorFacts } from "../native/addon.js";
import { chooseProjector, describeMismatch, type NamedFile, type Pairing } from "./choose-projector.js";
import { isProjectorName } from "./projector-choice.js";

/**
 * @param text The model, or its first part.
 * @param given Path of a projector; null: none is wanted. Default: the one beside the model that belongs to it.
 * @throws MedGemmaError INVALID_ARGUMENT when several towers could be meant
 */
export async function pairModel(text: GgufIdentity, given?: string | null): Promise<Pairing> {
  if (given === null) return { mmproj: null, warnings: [], notes: [] };
  const model: NamedFile = { name: text.path, path: text.path, identity: text };
  if (given !== undefined) return { mmproj: given, warnings: describeMismatch(model, await identified(given)), notes: [] };
  return chooseProjector(model, await Promise.all((await projectorsNear(text.path)).map(identified)));
}

/** @throws MedGemmaError MODEL_MISMATCH for a projector whose tokens have another width than those of the model */
export function ensureWidthsFit(model: { readonly path: string; readonly width: number | null | undefined }, projector: Pick<ProjectorFacts, "path" | "projectionSize">): void {
  if (model.width === projector.projectionSize) return;
  throw new MedGemmaError(
    "MODEL_MISMATCH",
    `The projector ${projector.path} gives tokens of width ${projector.projectionSize}, but the model ${model.path} has width ${String(model.width)}. ` +
      "As mmproj, use the projector that belongs to this model, or none.",
    { remedy: { option: "mmproj" } }
  );
}

/** What is wrong with a file, loading says. */
async function identified(path: string): Promise<NamedFile> {
  return { name: path, path, identity: await identifyGguf(path).catch(() => null) };
}

/** Folders that repositories keep the parts of one quantisation in; the projector lies above. */
const quantizationFolder = /^(?:UD-)?(?:BF16|F16|F32|FP16|I?Q\d\w*|TQ\d\w*|MXFP4\w*)$/i;

/** Paths of the projectors that lie where those of a model lie. */
export async function projectorsNear(text: string): Promise<readonly string[]> {
  const folder = dirname(text);
  const beside = await projectorsIn(folder);
  if (beside.length > 0) return beside.filter((path) => path !== text);
  const isInner = parseSplitName(text) !== null || quantizationFolder.test(basename(folder));
  return isInner ? await projectorsIn(dirname(folder)) : [];
}

async function projectorsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory() && isProjectorName(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();
}
