/** node-llama-cpp: one flat folder, hf_OWNER_FILE or hf_OWNER_NAME_FILE (its utils/parseModelUri). */
import { findGgufFiles } from "./find-files.js";
import { joinFor, type Machine, type Store } from "./store.js";

export function nodeLlamaCppFolder(machine: Machine): string {
  return joinFor(machine)(machine.home, ".node-llama-cpp", "models");
}

export const nodeLlamaCpp: Store = {
  id: "node-llama-cpp",
  title: "node-llama-cpp",
  repositories: async (machine) => {
    const found = await findGgufFiles(nodeLlamaCppFolder(machine), 0);
    return [{ isFlat: true, files: found.map(({ name, path, byteLength }) => ({ ids: [`node-llama-cpp:${name}`], name, path, byteLength, sha256: null })) }];
  }
};
