// Reads what a library of macOS exports and needs: the symbol table, for each architecture of a universal file.

const machines = { 0x01000007: "x64", 0x0100000c: "arm64" };
const thin64 = 0xfeedfacf;
const universal = 0xcafebabe;

export function isMachO(bytes) {
  return bytes.length > 32 && (bytes.readUInt32LE(0) === thin64 || bytes.readUInt32BE(0) === universal);
}

/** One entry for each architecture; names lose the underscore that C names have on macOS. */
export function readMachO(bytes) {
  if (bytes.readUInt32BE(0) !== universal) return [readThin(bytes)];
  return Array.from({ length: bytes.readUInt32BE(4) }, (_, i) => {
    const at = 8 + i * 20;
    const [offset, size] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)];
    return readThin(bytes.subarray(offset, offset + size));
  });
}

function readThin(bytes) {
  if (bytes.readUInt32LE(0) !== thin64) throw new Error("not a 64-bit Mach-O file");
  const result = {
    format: "mach-o",
    arch: machines[bytes.readUInt32LE(4)] ?? "unknown",
    name: "",
    libraries: [],
    exports: [],
    imports: [],
    versions: []
  };
  const path = (at) =>
    bytes.toString("latin1", at + bytes.readUInt32LE(at + 8), bytes.indexOf(0, at + bytes.readUInt32LE(at + 8)));
  for (let at = 32, left = bytes.readUInt32LE(16); left > 0; left--) {
    const command = bytes.readUInt32LE(at) & 0x7fffffff;
    if (command === 0xd) result.name = path(at); // LC_ID_DYLIB
    if ([0xc, 0x18, 0x1f].includes(command)) result.libraries.push(path(at)); // LC_LOAD_DYLIB, weak, re-exported
    if (command === 2) {
      // LC_SYMTAB: of each symbol its name, type, section and value. 0x01 external, 0x0e the kind, 0xe0 debugging.
      const [symbols, count, strings] = [8, 12, 16].map((offset) => bytes.readUInt32LE(at + offset));
      for (let symbol = symbols; symbol < symbols + count * 16; symbol += 16) {
        const type = bytes[symbol + 4];
        if ((type & 0xe0) !== 0 || (type & 0x01) === 0) continue;
        const start = strings + bytes.readUInt32LE(symbol);
        const name = bytes.toString("latin1", start, bytes.indexOf(0, start)).replace(/^_/, "");
        ((type & 0x0e) === 0 ? result.imports : result.exports).push(name);
      }
    }
    at += bytes.readUInt32LE(at + 4);
  }
  return result;
}
