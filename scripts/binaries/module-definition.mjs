// Lists what a Windows DLL exports, as a module definition file that the linker turns into an import library.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { readPe } from "./pe.mjs";

/** Writes the definition of `dll` to `path`: only the C names, which are all that the addon uses. */
export function writeModuleDefinition(dll, path) {
  const names = readPe(readFileSync(dll)).exports.filter((name) => /^(llama|ggml|gguf)_\w+$/.test(name));
  writeFileSync(path, `LIBRARY "${basename(dll)}"\nEXPORTS\n${names.map((name) => `    ${name}\n`).join("")}`);
}
