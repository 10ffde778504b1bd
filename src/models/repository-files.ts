/** Which files of a repository are meant: one text model, in one file or several, and the projector that belongs to it. */
import { basename, dirname } from "node:path/posix";
import { MedGemmaError } from "../errors.js";
import { isLaterPart, nameWithoutSplit, parseSplitName, splitNames } from "../gguf/split-name.js";
import type { HubFile } from "./hub/hub.js";
import { isFileName } from "./manifest.js";
import type { ModelName } from "./model-name.js";
import { isProjectorName, preferredProjector } from "./projector-choice.js";

export interface ChosenFiles {
  /** The text model: one file, or all parts of a split one, in order. */
  readonly parts: readonly [HubFile, ...HubFile[]];
  readonly mmproj: HubFile | null;
}

/**
 * @param files Those in folders of the repository too.
 * @param mmproj Name of the projector, when the user says which; null: none.
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT with the candidates when several could be meant
 */
export function chooseFiles(
  files: readonly HubFile[],
  wanted: ModelName,
  { repository, mmproj }: { readonly repository: string; readonly mmproj?: string | null | undefined }
): ChosenFiles {
  const weights = files.filter(({ path }) => /\.gguf$/i.test(path) && isFileName(basename(path)));
  const projectors = weights.filter(({ path }) => isProjectorName(path));
  const texts = weights.filter(({ path }) => !isProjectorName(path) && !/imatrix/i.test(path));
  const quantization = wanted.kind === "catalog" ? wanted.quantization.name : wanted.quantization;
  const path = wanted.kind === "catalog" ? wanted.quantization.file : wanted.path;
  const takesImages = mmproj !== null && (wanted.kind !== "catalog" || wanted.model.projector !== null);
  const parts = chooseText(texts, { repository, path, quantization, mayDiffer: wanted.kind === "catalog" });
  const usual = wanted.kind === "catalog" ? wanted.model.projector?.file : undefined;
  return { parts, mmproj: takesImages ? chooseProjector(projectors, { repository, folder: dirname(parts[0].path), mmproj, usual }) : null };
}

function chooseText(
  texts: readonly HubFile[],
  { repository, path, quantization, mayDiffer }: { repository: string; path: string | null; quantization: string | null; mayDiffer: boolean }
): readonly [HubFile, ...HubFile[]] {
  const split = path === null ? null : parseSplitName(path);
  if (path !== null && split !== null && split.part > 1) {
    throw new MedGemmaError("INVALID_ARGUMENT", `${path} is part ${split.part} of ${split.parts} of a split model. Name the first part: hf:${repository}/${splitNames(path)[0] ?? path}`);
  }
  const exact = texts.find((file) => file.path === path);
  if (exact !== undefined) return partsOf(exact, texts, repository);
  const pattern = quantization === null ? /(?:)/ : new RegExp(`(?:^|[-._])${quantization.replace(/\W/g, "\\$&")}$`, "i");
  const first = texts.filter((file) => !isLaterPart(file.path));
  // A repository may have renamed what the catalog knows; what the user names is taken by the letter.
  const named = path !== null && !mayDiffer ? [] : first.filter((file) => pattern.test(nameWithoutSplit(basename(file.path))));
  const depth = (file: HubFile) => file.path.split("/").length;
  const candidates = named.filter((file) => depth(file) === Math.min(...named.map(depth)));
  // With a whole file and a split one of the same quantisation, the whole one is the simpler download.
  const whole = candidates.filter((file) => parseSplitName(file.path) === null);
  const [only] = whole.length === 1 ? whole : candidates;
  if (only !== undefined && (whole.length === 1 || candidates.length === 1)) return partsOf(only, texts, repository);
  const names = (candidates.length > 1 ? candidates : first).map((file) => file.path).join(", ");
  if (candidates.length > 1) throw new MedGemmaError("INVALID_ARGUMENT", `${repository} holds several text models (${names}). Name one: hf:${repository}/FILE`);
  throw new MedGemmaError("MODEL_NOT_FOUND", `${repository} has no text model ${path ?? quantization ?? "*.gguf"}; ${names === "" ? "it has no GGUF files with a known hash" : `there is ${names}`}.`);
}

/** All parts of a split model. @throws MedGemmaError MODEL_NOT_FOUND with the names of those that are missing */
function partsOf(first: HubFile, texts: readonly HubFile[], repository: string): readonly [HubFile, ...HubFile[]] {
  const paths = splitNames(first.path).slice(1);
  const others = paths.flatMap((path) => texts.find((file) => file.path === path) ?? []);
  if (others.length === paths.length) return [first, ...others];
  const missing = paths.filter((path) => !others.some((file) => file.path === path));
  throw new MedGemmaError("MODEL_NOT_FOUND", `${first.path} of ${repository} is the first of ${paths.length + 1} parts, but the repository lacks ${missing.join(", ")}.`);
}

/** The tower beside the text model, or one folder above it, where repositories keep quantisations in folders of their own. */
function chooseProjector(
  projectors: readonly HubFile[],
  { repository, folder, mmproj, usual }: { repository: string; folder: string; mmproj: string | undefined; usual: string | undefined }
): HubFile | null {
  const names = projectors.map(({ path }) => path).join(", ");
  if (mmproj !== undefined) {
    const named = projectors.find(({ path }) => path === mmproj || basename(path) === mmproj);
    if (named !== undefined) return named;
    throw new MedGemmaError("MODEL_NOT_FOUND", `${repository} has no projector ${mmproj}; ${names === "" ? "it has none" : `there is ${names}`}.`, { remedy: { option: "mmproj" } });
  }
  const exact = projectors.find(({ path }) => path === usual);
  if (exact !== undefined) return exact;
  const near = [folder, dirname(folder)].map((place) => projectors.filter(({ path }) => dirname(path) === place)).find((found) => found.length > 0) ?? projectors;
  // All projectors of a repository are the same tower in different types.
  const name = preferredProjector(near.map(({ path }) => path));
  const chosen = near.find(({ path }) => path === name);
  if (chosen !== undefined) return chosen;
  if (usual === undefined) return null;
  throw new MedGemmaError("MODEL_NOT_FOUND", `${repository} has no projector, but the model takes images; expected ${usual}.`, { remedy: { option: "mmproj" } });
}
