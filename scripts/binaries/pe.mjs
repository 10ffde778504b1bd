// Reads what a DLL of Windows exports and needs.

const machines = { 0x8664: "x64", 0xaa64: "arm64" };

export function isPe(bytes) {
  return bytes.length > 64 && bytes.toString("latin1", 0, 2) === "MZ";
}

/** @returns {{ format: "pe", arch: string, name: string, libraries: string[], delayed: string[], exports: string[], imports: string[], versions: string[] }} */
export function readPe(bytes) {
  const pe = bytes.readUInt32LE(0x3c);
  if (bytes.toString("latin1", pe, pe + 4) !== "PE\0\0") throw new Error("not a PE file");
  const sectionCount = bytes.readUInt16LE(pe + 6);
  const optionalHeader = pe + 24;
  if (bytes.readUInt16LE(optionalHeader) !== 0x20b) throw new Error("not a 64-bit PE file");
  const sections = optionalHeader + bytes.readUInt16LE(pe + 20);

  // Addresses in the tables are relative to the loaded image; sections say where they lie in the file.
  const fileOffset = (address) => {
    for (let i = 0; i < sectionCount; i++) {
      const section = sections + i * 40;
      const start = bytes.readUInt32LE(section + 12);
      if (address >= start && address < start + bytes.readUInt32LE(section + 8))
        return address - start + bytes.readUInt32LE(section + 20);
    }
    throw new Error(`address ${address} lies in no section`);
  };
  const text = (address) => bytes.toString("latin1", fileOffset(address), bytes.indexOf(0, fileOffset(address)));
  const directory = (index) => bytes.readUInt32LE(optionalHeader + 112 + index * 8);
  const result = {
    format: "pe",
    arch: machines[bytes.readUInt16LE(pe + 4)] ?? "unknown",
    name: "",
    libraries: [],
    delayed: [],
    exports: [],
    imports: [],
    versions: []
  };

  if (directory(0) !== 0) {
    const table = fileOffset(directory(0));
    result.name = text(bytes.readUInt32LE(table + 12));
    const count = bytes.readUInt32LE(table + 24);
    const names = count === 0 ? 0 : fileOffset(bytes.readUInt32LE(table + 32));
    result.exports = Array.from({ length: count }, (_, i) => text(bytes.readUInt32LE(names + i * 4)));
  }
  // Imports at load (20 bytes an entry) and delayed ones (32 bytes); of each a library, and a list of names or ordinals.
  for (const [index, size, nameAt, thunksAt] of [
    [1, 20, 12, 0],
    [13, 32, 4, 16]
  ]) {
    if (directory(index) === 0) continue;
    for (let entry = fileOffset(directory(index)); bytes.readUInt32LE(entry + nameAt) !== 0; entry += size) {
      const library = text(bytes.readUInt32LE(entry + nameAt));
      result.libraries.push(library);
      if (index === 13) result.delayed.push(library);
      const thunks = bytes.readUInt32LE(entry + thunksAt) || bytes.readUInt32LE(entry + 16);
      for (let at = fileOffset(thunks); bytes.readBigUInt64LE(at) !== 0n; at += 8) {
        const value = bytes.readBigUInt64LE(at);
        if (value >> 63n === 0n) result.imports.push(text(Number(value) + 2));
      }
    }
  }
  return result;
}
