/**
 * Jan: DATA/llamacpp/models/MODEL/model.gguf and mmproj.gguf, or a model.yml there that names files elsewhere; before 2025
 * DATA/models/… (core/app in its src-tauri, https://github.com/janhq/jan).
 */
import { dirname, join, resolve } from "node:path";
import { fileSize, findFiles, readRecord, readText, type FoundFile } from "./find-files.js";
import { joinFor, variable, type Machine, type Store, type StoreFile } from "./store.js";

/** Folders with its settings.json, the present one first. */
export function janSettingsFolders(machine: Machine): string[] {
  const join = joinFor(machine);
  const data = dataFolder(machine);
  const older = machine.platform === "linux" ? [join(variable(machine, "XDG_CONFIG_HOME") ?? join(machine.home, ".config"), "Jan")] : [];
  return [join(data, "Jan"), join(data, "jan.ai.app"), ...older];
}

/** Where its data lie when no settings name another place. */
export function janDataFolders(machine: Machine): string[] {
  const join = joinFor(machine);
  return [...janSettingsFolders(machine).map((folder) => join(folder, "data")), join(machine.home, "jan")];
}

function dataFolder(machine: Machine): string {
  const join = joinFor(machine);
  if (machine.platform === "darwin") return join(machine.home, "Library", "Application Support");
  if (machine.platform === "win32") return variable(machine, "APPDATA") ?? join(machine.home, "AppData", "Roaming");
  return variable(machine, "XDG_DATA_HOME") ?? join(machine.home, ".local", "share");
}

export const jan: Store = {
  id: "jan",
  title: "Jan",
  repositories: async (machine) => {
    const chosen = await Promise.all(janSettingsFolders(machine).map(async (folder) => (await readRecord(join(folder, "settings.json"))).data_folder));
    const named = [variable(machine, "JAN_DATA_FOLDER"), ...chosen].filter((folder) => typeof folder === "string" && folder !== "");
    const folders = new Set([...named, ...janDataFolders(machine)] as string[]);
    const found = await Promise.all([...folders].flatMap((data) => [modelsIn(data, join(data, "llamacpp", "models")), modelsIn(data, join(data, "models"))]));
    return found.flat().map((files) => ({ isFlat: false, files }));
  }
};

/** The files of each folder that holds any. */
async function modelsIn(data: string, root: string): Promise<StoreFile[][]> {
  const folders = new Map<string, StoreFile[]>();
  for (const found of await findFiles(root, { ending: /\.gguf$|^model\.yml$/i, depth: 6 })) {
    const folder = dirname(found.path);
    const files = /\.gguf$/i.test(found.name) ? [toFile(found)] : await namedBy(found, data);
    const known = folders.get(folder) ?? [];
    folders.set(folder, [...known, ...files.filter(({ path }) => known.every((file) => file.path !== path))]);
  }
  return [...folders.values()];
}

/** "unsloth/medgemma-4b-it-Q4_K_M/model.gguf" is called by its folder. */
function toFile({ name, path, byteLength }: FoundFile): StoreFile {
  return { ids: [`jan:${name.replace(/\/model\.gguf$/i, "")}`], name, path, byteLength, sha256: null };
}

/** The two paths of a model.yml, a flat list of keys: from Jan's data folder, or anywhere when the user brought the file. */
async function namedBy(yml: FoundFile, data: string): Promise<StoreFile[]> {
  const content = (await readText(yml.path)) ?? "";
  const files: StoreFile[] = [];
  for (const [, quoted = ""] of content.matchAll(/^(?:model|mmproj)_path:[ \t]*(\S.*)$/gm)) {
    const path = resolve(data, quoted.trim().replace(/^(["'])(.*)\1$/, "$2"));
    const byteLength = /\.gguf$/i.test(path) ? await fileSize(path) : null;
    if (byteLength !== null) files.push({ ids: [`jan:${dirname(yml.name)}`], name: path, path, byteLength, sha256: null });
  }
  return files;
}
