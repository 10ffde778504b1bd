/** A model as a server is given it. */
import { basename } from "node:path";
import type { MedGemma } from "../chat/medgemma.js";
import type { ModelSource } from "../chat/types.js";

/** A model that its owner has loaded, and disposes; or where to find one. */
export type ServedModel = MedGemma | ModelSource;

export function isLoaded(model: ServedModel): model is MedGemma {
  return typeof model === "object" && "createChat" in model;
}

/** By which requests call a model that has no other name: its id, or the name of its file. */
export function nameOfModel(model: ServedModel): string {
  const source = typeof model === "string" ? model : isLoaded(model) ? model.model.id : model.model;
  return basename(source).replace(/\.gguf$/i, "");
}
