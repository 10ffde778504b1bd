/** What can be imported from a file or a folder, and what is left out, each with its reason. Copies nothing. */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { firstLine, MedGemmaError } from "../errors.js";
import { identifyGguf, type GgufIdentity } from "../gguf/identify.js";
import { isLaterPart, nameWithoutSplit } from "../gguf/split-name.js";
import { choicesOf, idOf, type Catalog } from "./catalog.js";
import { readManifest, type Manifest } from "./manifest.js";
import { pairModel } from "./pair-model.js";
import type { StoredModel } from "./stored-models.js";
import { plainName } from "./plain-name.js";
import { textParts } from "./text-parts.js";

/** A file to import. */
export interface CandidateFile {
  readonly path: string;
  /** What it is called where it comes from: stores call files by their hash. */
  readonly name: string;
  readonly byteLength: number;
  /** Hex; null: nobody recorded it. */
  readonly sha256: string | null;
}

/** A model to import. */
export interface Candidate {
  /** What it is called; not yet compared with what is installed. */
  readonly id: string;
  /** The model as its header tells. */
  readonly identity: GgufIdentity;
  /** One file, or the parts of a split model. */
  readonly parts: readonly CandidateFile[];
  readonly mmproj: CandidateFile | null;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** A GGUF file that is not imported. */
export interface SkippedFile {
  readonly path: string;
  /** In words that continue its name. */
  readonly reason: string;
}

export interface Found {
  readonly models: readonly Candidate[];
  readonly skipped: readonly SkippedFile[];
}

/** Stores of other programs have publisher, repository, revision and quantisation one inside the other. */
const deepest = 6;
const mostFolders = 2000;

/**
 * @param mmproj Path of the projector, or null for none, when the user says it.
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, INVALID_ARGUMENT, FILE_UNUSABLE for a file that was named itself; of a
 *   folder's files what is wrong with one is only a reason to leave it out
 */
export async function findCandidates(path: string, catalog: Catalog, mmproj?: string | null): Promise<Found> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new MedGemmaError("MODEL_NOT_FOUND", `There is no file or folder ${path}. Check the path.`, { cause: error });
  });
  if (!facts.isDirectory()) {
    const identity = await identifyGguf(path);
    const reason = reasonToSkip(identity);
    if (reason !== null) throw new MedGemmaError("MODEL_MISMATCH", `${path} ${reason}. Name a text model of MedGemma.`);
    return { models: [await describe(identity, catalog, mmproj)], skipped: [] };
  }
  const found: Found[] = [];
  for (const folder of await foldersIn(path)) found.push(await lookInto(folder, catalog, mmproj));
  return { models: withOwnNames(await withoutRepeats(found.flatMap(({ models }) => models))), skipped: found.flatMap(({ skipped }) => skipped) };
}

/** The folder and those inside it, links followed, each once. */
async function foldersIn(root: string): Promise<string[]> {
  const seen = new Set<string>();
  const folders: string[] = [];
  let level = [root];
  for (let depth = 0; depth < deepest && level.length > 0 && folders.length < mostFolders; depth += 1) {
    const next: string[] = [];
    for (const folder of level) {
      const real = await realpath(folder).catch(() => folder);
      if (seen.has(real)) continue;
      seen.add(real);
      folders.push(folder);
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name))) {
        if (!entry.name.startsWith(".") && !entry.isFile() && (await isFolder(join(folder, entry.name)))) next.push(join(folder, entry.name));
      }
    }
    level = next;
  }
  return folders;
}

async function lookInto(folder: string, catalog: Catalog, mmproj: string | null | undefined): Promise<Found> {
  const manifest = await readManifest(folder);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.gguf$/i.test(name)).sort();
  const models: Candidate[] = [];
  const skipped: SkippedFile[] = manifest.models.filter(({ text }) => !names.includes(text)).map(({ text }) => ({ path: join(folder, text), reason: "is recorded here, but missing" }));
  for (const name of names) {
    const path = join(folder, name);
    if (isLaterPart(name)) continue; // belongs to its first part
    try {
      const identity = await identifyGguf(path);
      // A projector is imported with its model; one that nobody can use is worth a word.
      if (identity.kind === "projector") continue;
      const reason = reasonToSkip(identity);
      if (reason !== null) skipped.push({ path, reason });
      else models.push(await describeRecorded(identity, manifest, catalog, mmproj));
    } catch (error) {
      if (!(error instanceof MedGemmaError)) throw error;
      // What a record promises must be there.
      if (manifest.models.some(({ text }) => text === name)) throw error;
      skipped.push({ path, reason: `cannot be used: ${firstLine(error)}` });
    }
  }
  return { models, skipped };
}

/** null: it can be imported. */
export function reasonToSkip({ path, kind, architecture }: GgufIdentity): string | null {
  switch (kind) {
    case "text":
    case "ollama":
      return /(?:^|[-._])(?:draft|mtp|assistant)(?=[-._])/i.test(basename(path)) ? "is a draft model for speculative decoding" : null;
    case "projector":
      return "is a projector (mmproj), which is imported with its text model";
    case "other-projector":
      return "is a projector of another kind of model";
    case "adapter":
      return "is an adapter (LoRA), which is given as lora beside a model";
    case "imatrix":
      return "is an imatrix: statistics for quantising, not a model";
    case "part":
      return "is not the first part of a split model";
    case "other":
      return `is a ${architecture ?? "nameless"} model; only Gemma 3 (MedGemma) can be run`;
  }
}

/** What `pull --to` recorded is taken by the record: id, files and hashes. */
async function describeRecorded(identity: GgufIdentity, { models, files }: Manifest, catalog: Catalog, mmproj: string | null | undefined): Promise<Candidate> {
  const folder = dirname(identity.path);
  const recorded = models.find(({ text }) => text === basename(identity.path));
  if (recorded === undefined) return await describe(identity, catalog, mmproj);
  const ofRecord = (path: string): CandidateFile => {
    const record = files[basename(path)];
    if (record === undefined) throw new MedGemmaError("MODEL_CORRUPT", `The record in ${folder} does not say what ${basename(path)} is. Pull the model again.`);
    return { path, name: basename(path), byteLength: record.byteLength, sha256: record.sha256 };
  };
  const parts = (await textParts(identity.path)).map(ofRecord);
  const projector = recorded.mmproj === null ? null : join(folder, recorded.mmproj);
  const pairing = await pairModel(identity, mmproj === undefined ? projector : mmproj);
  const own = pairing.mmproj === null ? null : pairing.mmproj === projector ? ofRecord(projector) : await unrecorded(pairing.mmproj);
  return { id: recorded.id, identity, parts, mmproj: own, warnings: pairing.warnings, notes: pairing.notes };
}

/**
 * A model in the store of another program. Where the store calls files by their hash, that is what they must be.
 *
 * @throws MedGemmaError MODEL_MISMATCH for one that cannot be used as it lies there
 */
export async function describeStored({ id, text, mmproj: own, files, unsupported, warnings, notes }: StoredModel, catalog: Catalog, mmproj: string | null | undefined): Promise<Candidate> {
  if (unsupported !== null) throw new MedGemmaError("MODEL_MISMATCH", `${id} cannot be imported as it is: ${unsupported}`);
  const described = await describe(await identifyGguf(text), catalog, mmproj === undefined ? own : mmproj);
  const isBlob = !/\.gguf$/i.test(text);
  const plain = plainName(id.replaceAll(/[:/]/g, "-"));
  const known = (file: CandidateFile, name: string): CandidateFile => {
    const sha256 = files.find(({ path }) => path === file.path)?.sha256 ?? null;
    return { ...file, name: isBlob ? name : file.name, sha256 };
  };
  return {
    ...described,
    id: isBlob ? plain : described.id,
    parts: described.parts.map((file) => known(file, `${plain}.gguf`)),
    mmproj: described.mmproj === null ? null : known(described.mmproj, `mmproj-${plain}.gguf`),
    ...(mmproj === undefined ? { warnings, notes } : {})
  };
}

/** A model that nobody recorded: it is called by its file, as the catalog does where it knows the file. */
async function describe(identity: GgufIdentity, catalog: Catalog, mmproj: string | null | undefined): Promise<Candidate> {
  const name = basename(identity.path);
  const known = choicesOf(catalog).find(({ quantization }) => quantization.file === name);
  const parts = await Promise.all((await textParts(identity.path)).map(unrecorded));
  const pairing = identity.kind === "ollama" ? { mmproj: null, warnings: [], notes: [] } : await pairModel(identity, mmproj);
  return {
    id: known === undefined ? ownName(identity.path) : idOf(known),
    identity,
    parts,
    mmproj: pairing.mmproj === null ? null : await unrecorded(pairing.mmproj),
    warnings: pairing.warnings,
    notes: pairing.notes
  };
}

/** The file's name; where that says nothing ("model.gguf"), its folder's. */
function ownName(path: string): string {
  const name = nameWithoutSplit(basename(path));
  const says = /^(?:ggml[-_]?)?(?:model|gguf|weights|text)(?:[-._]?(?:f16|bf16|f32|q\d\w*))?$/i.test(name) ? basename(dirname(path)) : name;
  return plainName(says);
}

async function unrecorded(path: string): Promise<CandidateFile> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) throw new MedGemmaError("MODEL_NOT_FOUND", `There is no file ${path}. Check the path.`);
  if (!facts.isFile()) throw new MedGemmaError("FILE_UNUSABLE", `${path} is not a regular file. Name a GGUF file.`);
  return { path, name: basename(path), byteLength: facts.size, sha256: null };
}

/** Several revisions in a cache link to the same file. */
async function withoutRepeats(models: readonly Candidate[]): Promise<Candidate[]> {
  const files = await Promise.all(models.map(async ({ identity: { path } }) => await realpath(path).catch(() => path)));
  return models.filter((_, index) => files.indexOf(files[index] ?? "") === index);
}

/** Two models of one name keep both: with the folder's name in front, or the place in the list. */
function withOwnNames(models: readonly Candidate[]): Candidate[] {
  const taken = new Set<string>();
  return models.map((model) => {
    const { path } = model.identity;
    const longer = plainName(`${basename(dirname(path))}-${model.id}`.replaceAll(/[/:]/g, "-"));
    const names = [model.id, longer, ...models.map((_, index) => `${longer}-${index + 2}`)];
    const id = names.find((name) => !taken.has(name)) ?? model.id;
    taken.add(id);
    return { ...model, id };
  });
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false
  );
}
