/**
 * Which of several projectors belongs to a text model, by their headers and names. A wrong pair answers fluently about images that
 * the model was never trained to see, so width alone decides nothing: names, base models and versions count too. Pure.
 */
import { MedGemmaError } from "../errors.js";
import type { GgufIdentity } from "../gguf/identify.js";
import { describeLineage, isOtherLineage, lineageOf, type Lineage } from "./lineage.js";
import { preferredProjector, towerName } from "./projector-choice.js";

/** A file, and what its header says. */
export interface NamedFile {
  /** As its publisher called it, with folders where they tell something. */
  readonly name: string;
  readonly path: string;
  /** null: its header cannot be read. */
  readonly identity: GgufIdentity | null;
}

export interface Pairing {
  /** Path of the projector; null: text alone. */
  readonly mmproj: string | null;
  /** Sentences that the user should know. */
  readonly warnings: readonly string[];
  /** Sentences that say what was chosen. */
  readonly notes: readonly string[];
}

/** @throws MedGemmaError INVALID_ARGUMENT when several towers could be meant */
export function chooseProjector(text: NamedFile, nearby: readonly NamedFile[]): Pairing {
  if (nearby.length === 0 || lineage(text).isTextOnly) return { mmproj: null, warnings: [], notes: [] };
  const ours = nearby.filter(({ identity }) => identity === null || identity.kind === "projector");
  const [first] = ours;
  if (first === undefined) {
    const names = nearby.map(shortName).join(", ");
    return { mmproj: null, warnings: [`${names} next to ${shortName(text)} belongs to another kind of model and is not used: the model cannot see images.`], notes: [] };
  }
  const fitting = ours.filter(({ identity }) => identity?.width === text.identity?.width);
  // None can work: loading refuses it and says why, with both widths.
  if (fitting.length === 0) return { mmproj: first.path, warnings: [], notes: [] };
  const related = fitting.filter((projector) => !isOtherLineage(lineage(text), lineage(projector)));
  const { chosen, others } = chooseTower(text, related.length > 0 ? related : fitting);
  const isOne = others.length === 1;
  return {
    mmproj: chosen.path,
    warnings: describeMismatch(text, chosen),
    notes: others.length === 0 ? [] : [`The projector ${shortName(chosen)} is used; ${others.map(shortName).join(", ")} ${isOne ? "is" : "are"} the same tower in ${isOne ? "another type" : "other types"}.`]
  };
}

/** Of projectors that all fit: the tower that shares its name with the model, in the best type. */
function chooseTower(text: NamedFile, projectors: readonly NamedFile[]): { readonly chosen: NamedFile; readonly others: readonly NamedFile[] } {
  const towers = new Map<string, NamedFile[]>();
  for (const projector of projectors) {
    const tower = towerName(shortName(projector));
    towers.set(tower, [...(towers.get(tower) ?? []), projector]);
  }
  const model = towerName(shortName(text));
  const byName = [...towers.keys()].filter((name) => name !== "" && model.startsWith(name));
  const [name] = towers.size === 1 ? [...towers.keys()] : byName.toSorted((a, b) => b.length - a.length);
  const same = name === undefined ? [] : (towers.get(name) ?? []);
  const chosenName = preferredProjector(same.map(shortName));
  const chosen = same.find((projector) => shortName(projector) === chosenName);
  if (chosen === undefined) {
    throw new MedGemmaError("INVALID_ARGUMENT", `Several projectors fit ${shortName(text)} (${projectors.map(shortName).join(", ")}). Choose one as mmproj.`, { remedy: { option: "mmproj" } });
  }
  return { chosen, others: same.filter((projector) => projector !== chosen) };
}

/** Words for a pair whose sizes fit, but whose headers or names say that they come from different models. */
export function describeMismatch(text: NamedFile, projector: NamedFile): string[] {
  if (projector.identity?.kind !== "projector" || projector.identity.width !== text.identity?.width) return []; // loading refuses it
  const model = lineage(text);
  const tower = lineage(projector);
  const isForeign = isOtherLineage(model, tower);
  if (!isForeign && !model.isTextOnly) return [];
  const what = isForeign
    ? `The projector ${shortName(projector)} is of ${String(describeLineage(tower))}, but ${shortName(text)} is of ${String(describeLineage(model))}`
    : `${shortName(text)} was trained on text alone`;
  return [`${what}. The widths match, so it works, but the model was never trained on these image tokens and may see wrongly. Use the projector that was published with the model, or none (mmproj).`];
}

function lineage({ name, identity }: NamedFile): Lineage {
  return lineageOf({ name: identity?.name ?? null, otherNames: identity?.otherNames ?? [], path: name });
}

function shortName({ name }: NamedFile): string {
  return name.split(/[/\\]/).at(-1) ?? name;
}
