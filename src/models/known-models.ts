/** Where model files lie: the demo model of the package, and the user's own folder. */
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface ModelPaths {
  readonly id: string;
  readonly text: string;
  /** null: a text-only model. */
  readonly mmproj: string | null;
}

const demoFolder = fileURLToPath(new URL("../../models/demo/", import.meta.url));

/** A tiny Gemma 3 that knows drawn phantoms only; it comes with the package (models/demo/README.md). */
export const demoModel: ModelPaths = {
  id: "demo",
  text: join(demoFolder, "medgemma-demo-F32.gguf"),
  mmproj: join(demoFolder, "mmproj-F32.gguf")
};

/** The user's folder of weights: `MEDGEMMA_HOME`, else the platform's cache folder. */
export function modelHome(env: NodeJS.ProcessEnv = process.env): string {
  const { MEDGEMMA_HOME, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (MEDGEMMA_HOME !== undefined && MEDGEMMA_HOME !== "") return MEDGEMMA_HOME;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "medgemma-local");
  if (process.platform === "win32" && LOCALAPPDATA !== undefined) return join(LOCALAPPDATA, "medgemma-local");
  const cache = XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== "" ? XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(cache, "medgemma-local");
}

/**
 * MedGemma models in the user's folder: every text model `medgemma*.gguf` in it or in a folder of its own below it.
 * The id is the file's name without `.gguf`.
 */
export async function installedModels(home: string = modelHome()): Promise<readonly { id: string; text: string }[]> {
  const found: { id: string; text: string }[] = [];
  for (const folder of [home, ...(await subfolders(home))]) {
    for (const name of await fileNames(folder)) {
      if (/^medgemma.*\.gguf$/i.test(name)) found.push({ id: name.slice(0, -".gguf".length), text: join(folder, name) });
    }
  }
  return found.sort((a, b) => a.id.localeCompare(b.id));
}

/** Names of the projectors beside a model, by the naming that all converters share. */
export async function projectorsBeside(folder: string): Promise<readonly string[]> {
  return (await fileNames(folder)).filter((name) => /mmproj.*\.gguf$/i.test(name)).sort();
}

async function subfolders(folder: string): Promise<string[]> {
  return (await entries(folder)).filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

async function fileNames(folder: string): Promise<string[]> {
  return (await entries(folder)).filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
}

async function entries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return []; // no folder, no models
  }
}
