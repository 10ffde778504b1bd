/** The user's folder of weights, and how folders and files in it are made: for the user alone. */
import { constants, existsSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { asWriteError } from "../shared/write-file.js";

/**
 * `MEDGEMMA_HOME`, else the platform's cache folder: `$XDG_CACHE_HOME` or ~/.cache on Linux, ~/Library/Caches on macOS,
 * %LOCALAPPDATA% on Windows.
 */
export function modelHome(env: NodeJS.ProcessEnv = process.env): string {
  const { MEDGEMMA_HOME, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (MEDGEMMA_HOME !== undefined && MEDGEMMA_HOME !== "") return MEDGEMMA_HOME;
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "medgemma-local");
  if (process.platform === "win32" && LOCALAPPDATA !== undefined) return join(LOCALAPPDATA, "medgemma-local");
  const cache = XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== "" ? XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(cache, "medgemma-local");
}

/** @throws MedGemmaError FILE_UNUSABLE */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asWriteError(await reasonBehind(error, path), path);
  }
}

/** A recursive mkdir says ENOENT for whatever keeps it from making a folder; the nearest one that exists knows why. */
async function reasonBehind(error: unknown, path: string): Promise<unknown> {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return await access(folder, constants.W_OK).then(
    () => error,
    (reason: unknown) => reason
  );
}
