// What a shared library or addon is for, exports and needs, whatever system it is for.
import { isElf, readElf } from "./elf.mjs";
import { isMachO, readMachO } from "./mach-o.mjs";
import { isPe, readPe } from "./pe.mjs";

/** One entry, or for a universal file of macOS one for each architecture. Throws on anything that is no such file, or cut off. */
export function readBinary(bytes) {
  try {
    if (isElf(bytes)) return [readElf(bytes)];
    if (isMachO(bytes)) return readMachO(bytes);
    if (isPe(bytes)) return [readPe(bytes)];
  } catch (error) {
    throw new Error(`a damaged binary: ${error.message}`, { cause: error });
  }
  throw new Error("neither ELF, Mach-O nor PE");
}
