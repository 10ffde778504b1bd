/** /v1/models: the names that a request may use. */
import type { ModelPool } from "../model-pool.js";
import { HttpError } from "../http-error.js";

export function listModels(pool: ModelPool): object {
  return {
    object: "list",
    data: pool.models.flatMap(({ id, aliases }) => [id, ...aliases].map((name) => shape(pool, name)))
  };
}

/** @throws HttpError 404 */
export function describeModel(pool: ModelPool, name: string): object {
  const known = pool.models.some(({ id, aliases }) => id === name || aliases.includes(name));
  if (!known)
    throw new HttpError(404, "model_not_found", `There is no model ${JSON.stringify(name.slice(0, 100))} here.`, {
      param: "model"
    });
  return shape(pool, name);
}

function shape(pool: ModelPool, name: string): object {
  const id = pool.idOf(name);
  const medgemma = pool.models.find((model) => model.id === id)?.medgemma ?? null;
  return {
    id: name,
    object: "model",
    created: 0,
    owned_by: "medgemma-local",
    medgemma: {
      model: id,
      loaded: medgemma !== null,
      // Known once it is loaded.
      input_modalities: medgemma === null ? null : medgemma.acceptsImages ? ["text", "image"] : ["text"],
      context_length: medgemma?.contextSize ?? null,
      tools: "experimental"
    }
  };
}
