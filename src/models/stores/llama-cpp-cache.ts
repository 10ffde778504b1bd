/** llama.cpp's cache before 2026: one flat folder of OWNER_NAME_FILE (`fs_get_cache_directory` in its common/common.cpp). */
import { findGgufFiles } from "./find-files.js";
import { joinFor, variable, type Machine, type Store } from "./store.js";

export function llamaCppFolders(machine: Machine): string[] {
  const join = joinFor(machine);
  const chosen = variable(machine, "LLAMA_CACHE");
  if (chosen !== null) return [chosen];
  if (machine.platform === "darwin") return [join(machine.home, "Library", "Caches", "llama.cpp")];
  if (machine.platform === "win32") return [join(variable(machine, "LOCALAPPDATA") ?? join(machine.home, "AppData", "Local"), "llama.cpp")];
  return [join(variable(machine, "XDG_CACHE_HOME") ?? join(machine.home, ".cache"), "llama.cpp")];
}

export const llamaCppCache: Store = {
  id: "llama.cpp",
  title: "llama.cpp's cache",
  repositories: async (machine) => {
    const found = (await Promise.all(llamaCppFolders(machine).map((folder) => findGgufFiles(folder, 0)))).flat();
    return [
      {
        isFlat: true,
        files: found.map(({ name, path, byteLength }) => ({ ids: [`llama.cpp:${name}`, ...hubIds(name)], name, path, byteLength, sha256: null }))
      }
    ];
  }
};

/** What hid the slashes can be in a name too; but repositories with GGUF files end in -GGUF, and owners have no underscore. */
function hubIds(name: string): string[] {
  const [, owner, repository, file] = /^([^_]+)_(.+?-GGUF)_(.+)$/i.exec(name) ?? [];
  return owner === undefined || repository === undefined || file === undefined ? [] : [`hf:${owner}/${repository}/${file}`];
}
