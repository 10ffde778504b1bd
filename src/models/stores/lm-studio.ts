/** LM Studio: PUBLISHER/REPOSITORY/FILE in the folder that its settings name. As its command `lms` (https://github.com/lmstudio-ai/lms) finds it. */
import { join } from "node:path";
import { findGgufFiles, readRecord, readText } from "./find-files.js";
import { joinFor, type Machine, type Store, type StoreFile } from "./store.js";

/** Its home is named by this file, which it writes. */
export function lmStudioPointer(machine: Machine): string {
  return joinFor(machine)(machine.home, ".lmstudio-home-pointer");
}

/** Where its home lies when nothing names another: today, and before 2025. */
export function lmStudioHomes(machine: Machine): string[] {
  const join = joinFor(machine);
  return [join(machine.home, ".lmstudio"), join(machine.home, ".cache", "lm-studio")];
}

export const lmStudio: Store = {
  id: "lmstudio",
  title: "LM Studio",
  repositories: async (machine) => {
    const pointed = (await readText(lmStudioPointer(machine)))?.trim() ?? "";
    const homes = [...(pointed === "" ? [] : [pointed]), ...lmStudioHomes(machine)];
    const repositories = new Map<string, StoreFile[]>();
    for (const folder of new Set((await Promise.all(homes.map(modelFolders))).flat())) {
      for (const { name, path, byteLength } of await findGgufFiles(folder, 5)) {
        const parts = name.split("/");
        const repository = join(folder, ...parts.slice(0, Math.min(2, parts.length - 1)));
        const file = { ids: [`lmstudio:${name}`], name, path, byteLength, sha256: null };
        repositories.set(repository, [...(repositories.get(repository) ?? []), file]);
      }
    }
    return [...repositories.values()].map((files) => ({ isFlat: false, files }));
  }
};

async function modelFolders(home: string): Promise<string[]> {
  const { downloadsFolder } = await readRecord(join(home, "settings.json"));
  return [...(typeof downloadsFolder === "string" && downloadsFolder !== "" ? [downloadsFolder] : []), join(home, "models")];
}
