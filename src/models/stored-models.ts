/** MedGemma models in the stores of other programs: told apart by their headers, with their projectors. Nothing is changed there. */
import { realpath, stat } from "node:fs/promises";
import { MedGemmaError } from "../errors.js";
import { identifyGguf, type GgufIdentity } from "../gguf/identify.js";
import { isLaterPart, splitNames } from "../gguf/split-name.js";
import { allStores } from "./stores/all-stores.js";
import { thisMachine, type Store, type StoreFile, type StoreRepository } from "./stores/store.js";
import { chooseProjector, type Pairing } from "./choose-projector.js";
import { isOfSameRepository } from "./flat-folder.js";
import { installedModels } from "./installed.js";

/** A model in the store of another program. */
export interface StoredModel {
  /** What to call it: "ollama:medgemma1.5:4b", "hf:owner/name/file.gguf", "lmstudio:publisher/repository/file.gguf". */
  readonly id: string;
  /** Other names for the same. */
  readonly aliases: readonly string[];
  /** The program's name, for people: "LM Studio". */
  readonly store: string;
  /** "ollama": Ollama's own single file, with the image tower inside or with keys of its own; "text": as llama.cpp reads it. */
  readonly kind: "text" | "ollama";
  /** Path of the text model; of its first part, when it is split. */
  readonly text: string;
  /** Path of its projector; null: none lies with it. */
  readonly mmproj: string | null;
  readonly takesImages: boolean;
  /** All that it is made of. */
  readonly files: readonly StoredModelFile[];
  /** Of all files. */
  readonly byteLength: number;
  /** Sentences about the choice of the projector: what may be wrong with it, and what was chosen. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Why it cannot be used as it lies there, as a sentence; null: it can. */
  readonly unsupported: string | null;
}

/** A file of a stored model. */
export interface StoredModelFile {
  readonly path: string;
  readonly byteLength: number;
  /** Hex: what its store calls it by; null: the store keeps no hash. */
  readonly sha256: string | null;
}

/** A file of a store with what its header says. */
export interface IdentifiedFile extends StoreFile {
  readonly identity: GgufIdentity;
}

/**
 * Every MedGemma that lies in the store of Ollama, LM Studio, the Hugging Face cache, llama.cpp, node-llama-cpp, Jan or Docker Model
 * Runner, without those that are in the user's folder of weights too. Reads the headers of all GGUF files there.
 */
export async function storedModels(): Promise<StoredModel[]> {
  const found: StoredModel[] = [];
  for (const store of allStores) {
    const models: StoredModel[] = [];
    for (const repository of await store.repositories(thisMachine())) models.push(...(await modelsOf(store, repository, isMedGemma)));
    found.push(...(await withNamesJoined(models)));
  }
  return await notInstalled(found);
}

/** Those of a repository that are wanted. Reads the headers of all its files. */
export async function modelsOf(store: Store, repository: StoreRepository, isWanted: (file: IdentifiedFile) => boolean): Promise<StoredModel[]> {
  const files: IdentifiedFile[] = [];
  for (const file of repository.files) {
    // Behind the first part, a part says nothing about the model; what has no header is no model.
    const identity = isLaterPart(file.name) ? null : await identifyGguf(file.path).catch(() => null);
    if (identity !== null) files.push({ ...file, identity });
  }
  const texts = files.filter((file) => (file.identity.kind === "text" || file.identity.kind === "ollama") && isWanted(file));
  return texts.flatMap((text) => modelOf(store, repository, { text, files }) ?? []);
}

function modelOf(store: Store, repository: StoreRepository, { text, files }: { readonly text: IdentifiedFile; readonly files: readonly IdentifiedFile[] }): StoredModel | null {
  const parts = partsOf(text, repository);
  if (parts === null) return null;
  const fitting = files.filter(({ identity }) => identity.kind === "projector" && identity.width === text.identity.width);
  const own = repository.isFlat ? fitting.filter(({ name }) => isOfSameRepository(text.name, name)) : fitting;
  const { warnings, notes, mmproj: chosen } = pair(text, own);
  const mmproj = own.find(({ path }) => path === chosen) ?? null;
  const used = [...parts, ...(mmproj === null ? [] : [mmproj])].map(({ path, byteLength, sha256 }) => ({ path, byteLength, sha256 }));
  // In one repository of models, an adapter may lie beside; in what Ollama calls one model, it is a part of it.
  const adapter = files.find(({ identity, ids }) => identity.kind === "adapter" && ids[0] === text.ids[0]);
  const [id = "", ...aliases] = text.ids;
  return {
    id,
    aliases,
    store: store.title,
    kind: text.identity.kind === "ollama" ? "ollama" : "text",
    text: text.path,
    mmproj: mmproj?.path ?? null,
    takesImages: mmproj !== null || text.identity.hasTower,
    files: used,
    byteLength: used.reduce((sum, { byteLength }) => sum + byteLength, 0),
    warnings,
    notes,
    unsupported:
      adapter === undefined
        ? null
        : `${store.title} applies a LoRA adapter to it, which would be left out. Name both files: ${text.path} as model, ${adapter.path} as lora`
  };
}

/** Several towers that could be meant are none until somebody names one. */
function pair(text: IdentifiedFile, projectors: readonly IdentifiedFile[]): Pairing {
  try {
    return chooseProjector(text, projectors);
  } catch (error) {
    if (!(error instanceof MedGemmaError)) throw error;
    return { mmproj: null, warnings: [error.message], notes: [] };
  }
}

/** null: not all are there. */
function partsOf(text: IdentifiedFile, { files }: StoreRepository): readonly StoreFile[] | null {
  if (text.identity.split === null) return [text];
  const parts = splitNames(text.name).map((name) => files.find((file) => file.name === name));
  return parts.length === text.identity.split.count && parts.every((part) => part !== undefined) ? parts : null;
}

/** By what it is called, or by what its header says that it was made from. */
function isMedGemma({ ids, identity }: IdentifiedFile): boolean {
  return [...ids, identity.name ?? "", ...identity.otherNames].some((name) => /med[-_ ]?gemma/i.test(name));
}

/** The same files under several names are one model; the shortest name is the one to show. */
export async function withNamesJoined(models: readonly StoredModel[]): Promise<StoredModel[]> {
  const joined = new Map<string, StoredModel>();
  for (const model of models) {
    const key = JSON.stringify(await Promise.all([model.text, model.mmproj ?? ""].map((path) => realpath(path).catch(() => path))));
    const known = joined.get(key) ?? model;
    const prefix = known.id.slice(0, known.id.indexOf(":") + 1);
    const names = [...new Set([known, model].flatMap(({ id, aliases }) => [id, ...aliases]))];
    const [id = known.id, ...aliases] = names.toSorted((a, b) => Number(b.startsWith(prefix)) - Number(a.startsWith(prefix)) || a.length - b.length);
    joined.set(key, { ...known, id, aliases });
  }
  return [...joined.values()];
}

async function notInstalled(models: readonly StoredModel[]): Promise<StoredModel[]> {
  const installed = await installedModels();
  const hashes = new Set(installed.flatMap(({ record, origin }) => [record?.text.sha256, origin?.sha256].filter((sha256) => sha256 !== undefined)));
  const places = new Set(await Promise.all(installed.flatMap(({ text, origin }) => (origin === null ? [text] : [text, origin.path])).map(placeOf)));
  const isHere = await Promise.all(models.map(async ({ text, files: [first] }) => places.has(await placeOf(text)) || hashes.has(first?.sha256 ?? "")));
  return models.filter((_one, index) => isHere[index] === false);
}

/** One file under several names, hard links included. */
async function placeOf(path: string): Promise<string> {
  return await stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => path
  );
}
