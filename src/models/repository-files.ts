/** Which files of a repository are meant: one text model, and the projector that belongs to it. */
import { basename } from "node:path";
import { MedGemmaError } from "../errors.js";
import type { HubFile } from "../hub/hub.js";
import { isProjectorName } from "./installed.js";
import { isFileName } from "./manifest.js";
import type { ModelName } from "./model-name.js";

export interface ChosenFiles {
  readonly text: HubFile;
  readonly mmproj: HubFile | null;
}

/**
 * @param mmproj Name of the projector, when the user says which.
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT with the candidates when several could be meant
 */
export function chooseFiles(
  files: readonly HubFile[],
  wanted: ModelName,
  { repository, mmproj }: { readonly repository: string; readonly mmproj?: string | undefined }
): ChosenFiles {
  const weights = files.filter(({ path }) => /\.gguf$/i.test(path) && isFileName(basename(path)));
  const projectors = weights.filter(({ path }) => isProjectorName(path));
  const texts = weights.filter(({ path }) => !isProjectorName(path) && !/imatrix/i.test(path));
  const quantization = wanted.kind === "catalog" ? wanted.quantization.name : wanted.quantization;
  const path = wanted.kind === "catalog" ? wanted.quantization.file : wanted.path;
  const takesImages = wanted.kind !== "catalog" || wanted.model.projector !== null;
  return {
    text: chooseText(texts, { repository, path, quantization, mayDiffer: wanted.kind === "catalog" }),
    mmproj: takesImages ? chooseProjector(projectors, { repository, mmproj, usual: wanted.kind === "catalog" ? wanted.model.projector?.file : undefined }) : null
  };
}

function chooseText(
  texts: readonly HubFile[],
  { repository, path, quantization, mayDiffer }: { repository: string; path: string | null; quantization: string | null; mayDiffer: boolean }
): HubFile {
  const exact = texts.find((file) => file.path === path);
  if (exact !== undefined) return exact;
  const pattern = quantization === null ? /(?:)/ : new RegExp(`(?:^|[-._])${quantization.replace(/\W/g, "\\$&")}\\.gguf$`, "i");
  // A repository may have renamed what the catalog knows; what the user names is taken by the letter.
  const candidates = path !== null && !mayDiffer ? [] : texts.filter((file) => pattern.test(file.path));
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  const names = (candidates.length > 1 ? candidates : texts).map((file) => file.path).join(", ");
  if (candidates.length > 1) throw new MedGemmaError("INVALID_ARGUMENT", `${repository} holds several text models (${names}). Name one: hf:${repository}/FILE`);
  throw new MedGemmaError("MODEL_NOT_FOUND", `${repository} holds no text model ${path ?? quantization ?? "*.gguf"}; ${names === "" ? "it holds no GGUF files with a known hash" : `there is ${names}`}.`);
}

/** All projectors of a repository are the same one in different types; F16 is what the tower computes best from. */
function chooseProjector(
  projectors: readonly HubFile[],
  { repository, mmproj, usual }: { repository: string; mmproj: string | undefined; usual: string | undefined }
): HubFile | null {
  const names = projectors.map(({ path }) => path).join(", ");
  if (mmproj !== undefined) {
    const named = projectors.find(({ path }) => path === mmproj || basename(path) === mmproj);
    if (named !== undefined) return named;
    throw new MedGemmaError("MODEL_NOT_FOUND", `${repository} holds no projector ${mmproj}; ${names === "" ? "it holds none at all" : `there is ${names}`}.`);
  }
  const exact = projectors.find(({ path }) => path === usual);
  if (exact !== undefined) return exact;
  const halves = projectors.filter(({ path }) => /(?:^|[-._])f16\.gguf$/i.test(path));
  const [only] = projectors.length === 1 ? projectors : halves;
  if (only !== undefined && (projectors.length === 1 || halves.length === 1)) return only;
  if (projectors.length === 0 && usual === undefined) return null;
  if (projectors.length === 0) throw new MedGemmaError("MODEL_NOT_FOUND", `${repository} holds no projector, but the model takes images; expected ${String(usual)}.`);
  throw new MedGemmaError("INVALID_ARGUMENT", `${repository} holds several projectors (${names}). Choose one with --mmproj NAME.`);
}
