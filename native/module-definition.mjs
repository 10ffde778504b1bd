// Lists what a Windows DLL exports, as a module definition file that the linker turns into an import library.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

/** The names in the export table of a PE file (a DLL), in the file's order. */
export function exportedNames(bytes) {
  const pe = bytes.readUInt32LE(0x3c);
  if (bytes.toString("latin1", pe, pe + 4) !== "PE\0\0") throw new Error("not a PE file");
  const sectionCount = bytes.readUInt16LE(pe + 6);
  const optionalHeader = pe + 24;
  const is64Bit = bytes.readUInt16LE(optionalHeader) === 0x20b;
  const sections = optionalHeader + bytes.readUInt16LE(pe + 20);

  // Addresses in the tables are relative to the loaded image; sections say where they lie in the file.
  const fileOffset = (address) => {
    for (let i = 0; i < sectionCount; i++) {
      const section = sections + i * 40;
      const start = bytes.readUInt32LE(section + 12);
      const size = bytes.readUInt32LE(section + 16);
      if (address >= start && address < start + size) return address - start + bytes.readUInt32LE(section + 20);
    }
    throw new Error(`address ${address} lies in no section`);
  };

  const exportTable = fileOffset(bytes.readUInt32LE(optionalHeader + (is64Bit ? 112 : 96)));
  const count = bytes.readUInt32LE(exportTable + 24);
  const names = fileOffset(bytes.readUInt32LE(exportTable + 32));
  return Array.from({ length: count }, (_, i) => {
    const start = fileOffset(bytes.readUInt32LE(names + i * 4));
    return bytes.toString("latin1", start, bytes.indexOf(0, start));
  });
}

/** Writes the definition of `dll` to `path`: only the C names, which are all that the addon uses. */
export function writeModuleDefinition(dll, path) {
  const names = exportedNames(readFileSync(dll)).filter((name) => /^(llama|ggml|gguf)_\w+$/.test(name));
  writeFileSync(path, `LIBRARY "${basename(dll)}"\nEXPORTS\n${names.map((name) => `    ${name}\n`).join("")}`);
}
