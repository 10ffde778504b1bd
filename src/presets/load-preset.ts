/** Finds presets: those that come with the package by name, a user's own by path. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkArgument, name } from "../shared/check-arguments.js";
import { closestName } from "../shared/closest-name.js";
import { MedGemmaError } from "../errors.js";
import { readTextFile } from "../shared/regular-file.js";
import { parsePreset, type Preset } from "./preset.js";

const folder = fileURLToPath(new URL("../../models/prompts/", import.meta.url));
const extension = ".md";

/** The presets that come with the package, by name. */
export async function listPresets(): Promise<Preset[]> {
  return await Promise.all((await presetNames()).map(loadPreset));
}

/**
 * A preset of the package, or one of yours.
 *
 * @param nameOrPath Of one that comes with the package; or the path of a file, which has a slash or ends in `.md`.
 * @throws MedGemmaError INVALID_ARGUMENT for an unknown name, FILE_UNUSABLE
 */
export async function loadPreset(nameOrPath: string): Promise<Preset> {
  const path = await pathOf(nameOrPath);
  return parsePreset(basename(path, extension), await readTextFile(path, "preset"), path);
}

/** The file as it is, for people who want to change it. Throws as `loadPreset`. */
export async function presetSource(nameOrPath: string): Promise<string> {
  return await readTextFile(await pathOf(nameOrPath), "preset");
}

async function presetNames(): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(extension))
    .map((name) => basename(name, extension))
    .sort();
}

async function pathOf(nameOrPath: string): Promise<string> {
  checkArgument("The name of a preset", nameOrPath, name);
  if (/[/\\]/.test(nameOrPath) || nameOrPath.endsWith(extension)) return nameOrPath;
  const names = await presetNames();
  if (names.includes(nameOrPath)) return join(folder, nameOrPath + extension);
  const near = closestName(nameOrPath, names);
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `There is no preset "${nameOrPath}".${near === null ? "" : ` Did you mean ${near}?`} There are ${names.join(", ")}; the path of your own file must end in ${extension}.`
  );
}
