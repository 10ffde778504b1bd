/**
 * A model in Ollama's own layout → the pair of files that this package reads, in the folder of weights: made once, found again
 * afterwards. The file of Ollama is only read.
 */
import { createHash } from "node:crypto";
import { realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { readGgufHeader } from "../gguf/header.js";
import { splitOllamaLayout, type GgufContent } from "../gguf/ollama-layout.js";
import { ggufByteLength, writeGguf } from "../gguf/write.js";
import { loadAddon } from "../native/load-addon.js";
import { ensureSpace } from "./disk-space.js";
import { hashFile } from "./hash-file.js";
import { installedModels, type InstalledModel } from "./installed.js";
import { recordFile, recordModel, type ModelOrigin } from "./manifest.js";
import { lockFolder, partialFolder, type WaitOptions } from "./model-folder.js";
import { modelHome } from "./model-home.js";
import { plainName } from "./plain-name.js";
import type { PullProgress } from "./pull.js";

export interface OllamaPairOptions extends WaitOptions {
  /** What the pair is called in the folder of weights. Default: by the file's name. */
  readonly id?: string | undefined;
  readonly onProgress?: ((progress: Omit<PullProgress, "stage"> & { readonly stage: "check" | "copy" }) => void) | undefined;
  /** Called with a sentence, before the disk is written. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * @param path Of a file that `identifyGguf` calls "ollama".
 * @throws MedGemmaError MODEL_CORRUPT, DISK_FULL, FILE_UNUSABLE, ABORTED
 */
export async function ensureOllamaPair(path: string, options: OllamaPairOptions = {}): Promise<InstalledModel> {
  const origin = await originOf(path, options);
  const there = await findByOrigin(origin);
  if (there !== undefined) return there;
  await loadAddon().checkGguf(path);
  const header = await readGgufHeader(path);
  const { text, mmproj } = splitOllamaLayout(header);
  const id = await ownId(options.id ?? defaultId(path), origin.sha256);
  const folder = join(modelHome(), `ollama-${origin.sha256.slice(0, 16)}`);
  const textName = `${plainName(id).replaceAll(/[^\w.-]/g, "_")}.gguf`;
  const mmprojName = mmproj === null ? null : `mmproj-${textName}`;
  const files: [name: string, content: GgufContent][] = [[textName, text]];
  if (mmproj !== null && mmprojName !== null) files.push([mmprojName, mmproj]);
  const byteLength = files.reduce((sum, [, { values, tensors }]) => sum + ggufByteLength(header, values, tensors), 0);
  options.onNote?.(`${path} is in Ollama's own layout. A copy in two files, weights unchanged, is made once in ${folder}: ${byteLength >= 1e9 ? `${(byteLength / 1e9).toFixed(1)} GB` : `${Math.ceil(byteLength / 1e6)} MB`}.`);

  await using _lock = await lockFolder(folder, options);
  const meanwhile = await findByOrigin(origin);
  if (meanwhile !== undefined) return meanwhile;
  await ensureSpace(folder, byteLength, basename(path));
  let doneBytes = 0;
  for (const [name, { values, tensors }] of files) {
    const partial = join(folder, partialFolder, name);
    await rm(partial, { force: true }); // of a process that was killed
    const hash = createHash("sha256");
    let fileBytes = 0;
    try {
      await writeGguf(partial, header, values, tensors, {
        signal: options.signal,
        onBytes: (bytes) => {
          hash.update(bytes);
          fileBytes += bytes.length;
          doneBytes += bytes.length;
          options.onProgress?.({ stage: "copy", file: basename(path), doneBytes, byteLength });
        }
      });
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    // In this order, a process that is killed in between leaves no file that looks as if somebody else had put it there.
    await recordFile(folder, name, { byteLength: fileBytes, sha256: hash.digest("hex"), source: `converted from ${origin.path} (sha256 ${origin.sha256})` });
    await rename(partial, join(folder, name));
  }
  // The model comes last: until it is recorded, nothing lists or loads what lies there.
  await recordModel(folder, { id, text: textName, mmproj: mmprojName, origin });
  await rmdir(join(folder, partialFolder)).catch(() => undefined);
  const made = await findByOrigin(origin);
  if (made === undefined) throw new MedGemmaError("INTERNAL", `${folder} does not hold ${id} after it was made.`);
  return made;
}

/** Ollama calls a blob by its hash; of another file it is computed, unless the same file was converted before. */
async function originOf(path: string, { signal, onProgress }: OllamaPairOptions): Promise<ModelOrigin> {
  const real = await realpath(path);
  const { size: byteLength, mtimeMs } = await stat(real);
  const modified = new Date(mtimeMs).toISOString();
  const known = (await installedModels()).map(({ origin }) => origin).find((origin) => origin?.path === real && origin.byteLength === byteLength && origin.modified === modified);
  if (known !== undefined && known !== null) return known;
  const named = /^sha256-([0-9a-f]{64})$/.exec(basename(real))?.[1];
  const sha256 = named ?? (await hashFile(real, { signal, onProgress: (doneBytes) => onProgress?.({ stage: "check", file: basename(real), doneBytes, byteLength }) }));
  return { path: real, byteLength, modified, sha256 };
}

async function findByOrigin({ sha256, byteLength }: ModelOrigin): Promise<InstalledModel | undefined> {
  return (await installedModels()).find(({ origin }) => origin?.sha256 === sha256 && origin.byteLength === byteLength);
}

function defaultId(path: string): string {
  const name = basename(path).replace(/\.gguf$/i, "");
  return name.startsWith("sha256-") ? "ollama" : plainName(name);
}

/** Files of one name get ids of their own. */
async function ownId(id: string, sha256: string): Promise<string> {
  const isTaken = id === "ollama" || (await installedModels()).some((model) => model.id === id);
  return isTaken ? `${id}-${sha256.slice(0, 12)}` : id;
}
