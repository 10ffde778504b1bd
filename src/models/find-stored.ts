/** What a user calls a model in the store of another program → that model. */
import { MedGemmaError } from "../errors.js";
import { allStores } from "./stores/all-stores.js";
import { thisMachine, type Store, type StoreFile } from "./stores/store.js";
import { matchIds } from "./match-id.js";
import { modelsOf, withNamesJoined, type StoredModel } from "./stored-models.js";

/**
 * The model of another program that a name means, MedGemma or not: whoever names one knows what it is.
 *
 * @param name "ollama:medgemma1.5", "lmstudio:publisher/repository", "hf:owner/name:Q4_K_M".
 * @returns null: the name is not that of a store, or it is one of the hub's of which nothing lies here
 * @throws MedGemmaError MODEL_NOT_FOUND; INVALID_ARGUMENT with the candidates when several could be meant
 */
export async function findStored(name: string): Promise<StoredModel | null> {
  const owner = storeOf(name);
  if (owner === null) return null;
  const prefix = `${owner.id}:`;
  // Files of the hub lie in llama.cpp's old cache too.
  for (const store of [owner, ...allStores.filter((other) => other !== owner)]) {
    const found = await findIn(store, prefix, name);
    if (found !== null) return found;
  }
  if (prefix === "hf:") return null;
  throw new MedGemmaError("MODEL_NOT_FOUND", `${owner.title} has no model "${name.slice(prefix.length)}" on this machine.`, { remedy: { command: "models" } });
}

/** The store that a name begins with; null: with none. */
export function storeOf(name: string): Store | null {
  return allStores.find(({ id }) => name.startsWith(`${id}:`)) ?? null;
}

async function findIn(store: Store, prefix: string, name: string): Promise<StoredModel | null> {
  const repositories = await store.repositories(thisMachine());
  const ids = repositories.flatMap(({ files }) => files.flatMap((file) => file.ids)).filter((id) => id.startsWith(prefix));
  const meant = new Set(matchIds([...new Set(ids)], name));
  if (meant.size === 0) return null;
  const isMeant = (file: StoreFile) => file.ids.some((id) => meant.has(id));
  const models: StoredModel[] = [];
  for (const repository of repositories.filter(({ files }) => files.some(isMeant))) models.push(...(await modelsOf(store, repository, isMeant)));
  const candidates = await withNamesJoined(models);
  const [only] = candidates;
  if (only === undefined) {
    throw new MedGemmaError("MODEL_NOT_FOUND", `${name} is in ${store.title}, but not as a whole Gemma 3 text model in GGUF.`, { remedy: { command: "models" } });
  }
  if (candidates.length > 1) throw new MedGemmaError("INVALID_ARGUMENT", `${name} can be ${candidates.map(({ id }) => id).join(", ")}. Name one of them.`);
  return only;
}
