/**
 * Which projector belongs to a text model. A wrong pair answers fluently about images that the model was never trained to
 * see, so width alone decides nothing: names, base models and versions in the headers count too.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { identifyGguf, type GgufIdentity } from "../gguf/identify.js";
import { parseSplitName } from "../gguf/split-name.js";
import { describeLineage, isOtherLineage, lineageOf } from "./lineage.js";
import { isProjectorName, preferredProjector, towerName } from "./projector-choice.js";

export interface Pairing {
  /** Path of the projector; null: text alone. */
  readonly mmproj: string | null;
  /** Sentences that the user should know. */
  readonly warnings: readonly string[];
  /** Sentences that say what was chosen. */
  readonly notes: readonly string[];
}

/**
 * @param text The model, or its first part.
 * @param given Path of a projector; null: none is wanted. Default: the one beside the model that belongs to it.
 * @throws MedGemmaError INVALID_ARGUMENT when several towers could be meant
 */
export async function pairModel(text: GgufIdentity, given?: string | null): Promise<Pairing> {
  if (given === null) return { mmproj: null, warnings: [], notes: [] };
  if (given !== undefined) {
    const projector = await identifyGguf(given).catch(() => null); // what is wrong with it, loading says
    return { mmproj: given, warnings: projector === null ? [] : describeMismatch(text, projector), notes: [] };
  }
  const nearby = await projectorsNear(text.path);
  if (nearby.length === 0 || lineageOf(text).isTextOnly) return { mmproj: null, warnings: [], notes: [] };
  const identified = await Promise.all(nearby.map(async (path) => ({ path, identity: await identifyGguf(path).catch(() => null) })));
  return chooseAmong(text, identified);
}

interface Candidate {
  readonly path: string;
  /** null: its header cannot be read. */
  readonly identity: GgufIdentity | null;
}

function chooseAmong(text: GgufIdentity, nearby: readonly Candidate[]): Pairing {
  const ours = nearby.filter(({ identity }) => identity === null || identity.kind === "projector");
  const [first] = ours;
  if (first === undefined) {
    const names = nearby.map(({ path }) => basename(path)).join(", ");
    return { mmproj: null, warnings: [`${names} beside ${basename(text.path)} belongs to another kind of model and is left out: no images can be shown.`], notes: [] };
  }
  const fitting = ours.filter(({ identity }) => identity?.width === text.width);
  // None can work: loading refuses it and says why, with both widths.
  if (fitting.length === 0) return { mmproj: first.path, warnings: [], notes: [] };
  const related = fitting.filter(({ identity }) => identity !== null && !isOtherLineage(lineageOf(text), lineageOf(identity)));
  const { chosen, others } = chooseTower(text.path, (related.length > 0 ? related : fitting).map(({ path }) => path));
  const identity = fitting.find(({ path }) => path === chosen)?.identity ?? null;
  return {
    mmproj: chosen,
    warnings: identity === null ? [] : describeMismatch(text, identity),
    notes: others.length === 0 ? [] : [`The projector ${basename(chosen)} is used; ${others.map((path) => basename(path)).join(", ")} ${others.length === 1 ? "is" : "are"} the same tower in ${others.length === 1 ? "another type" : "other types"}.`]
  };
}

/** Of projectors that all fit: the tower that shares its name with the model, in the best type. */
function chooseTower(text: string, paths: readonly string[]): { readonly chosen: string; readonly others: readonly string[] } {
  const towers = new Map<string, string[]>();
  for (const path of paths) {
    const tower = towerName(basename(path));
    towers.set(tower, [...(towers.get(tower) ?? []), path]);
  }
  const model = towerName(basename(text));
  const byName = [...towers.keys()].filter((name) => name !== "" && model.startsWith(name));
  const [name] = towers.size === 1 ? [...towers.keys()] : byName.toSorted((a, b) => b.length - a.length);
  const same = name === undefined ? undefined : towers.get(name);
  const chosenName = preferredProjector((same ?? []).map((path) => basename(path)));
  const chosen = same?.find((path) => basename(path) === chosenName);
  if (same === undefined || chosen === undefined) {
    const [folder = ""] = paths.map(dirname);
    throw new MedGemmaError("INVALID_ARGUMENT", `${folder} holds ${paths.length} projectors that fit (${paths.map((path) => basename(path)).join(", ")}). Choose one with --mmproj.`);
  }
  return { chosen, others: same.filter((path) => path !== chosen) };
}

/** Words for a pair whose sizes fit, but whose headers or names say that they come from different models. */
function describeMismatch(text: GgufIdentity, projector: GgufIdentity): string[] {
  if (projector.kind !== "projector" || projector.width !== text.width) return []; // loading refuses it
  const model = lineageOf(text);
  const tower = lineageOf(projector);
  const isForeign = isOtherLineage(model, tower);
  if (!isForeign && !model.isTextOnly) return [];
  const [ofModel, ofTower] = [model, tower].map(describeLineage);
  const what = isForeign
    ? `The projector ${basename(projector.path)} is of ${String(ofTower)}, but ${basename(text.path)} is of ${String(ofModel)}`
    : `${basename(text.path)} was trained on text alone`;
  return [`${what}. The widths fit, so images are answered, but the model never learnt to see them this way. Use the projector that was published with the model, or none (--mmproj none).`];
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
