// Reads what a shared library of Linux exports and needs. 64-bit and 32-bit, little-endian.

const machines = { 0x03: "ia32", 0x28: "arm", 0x3e: "x64", 0xb7: "arm64", 0xf3: "riscv64" };

export function isElf(bytes) {
  return bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46;
}

/** @returns {{ format: "elf", arch: string, name: string, libraries: string[], exports: string[], imports: string[], versions: string[] }} */
export function readElf(bytes) {
  const is64 = bytes[4] === 2;
  if (bytes[5] !== 1) throw new Error("a big-endian ELF file");
  const word = (at) => (is64 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at));
  const sectionsAt = word(is64 ? 0x28 : 0x20);
  const [entrySize, count] = [bytes.readUInt16LE(is64 ? 0x3a : 0x2e), bytes.readUInt16LE(is64 ? 0x3c : 0x30)];
  const sections = Array.from({ length: count }, (_, i) => {
    const at = sectionsAt + i * entrySize;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: word(at + (is64 ? 0x18 : 0x10)),
      size: word(at + (is64 ? 0x20 : 0x14)),
      link: bytes.readUInt32LE(at + (is64 ? 0x28 : 0x18)),
      info: bytes.readUInt32LE(at + (is64 ? 0x2c : 0x1c))
    };
  });
  const text = (table, at) => bytes.toString("latin1", table.offset + at, bytes.indexOf(0, table.offset + at));
  const result = {
    format: "elf",
    arch: machines[bytes.readUInt16LE(18)] ?? "unknown",
    name: "",
    libraries: [],
    exports: [],
    imports: [],
    versions: []
  };

  for (const section of sections) {
    const strings = sections[section.link];
    const end = section.offset + section.size;
    if (section.type === 6) {
      // Dynamic: DT_NEEDED is 1, DT_SONAME 14.
      for (let at = section.offset; at < end; at += is64 ? 16 : 8) {
        const [tag, value] = [word(at), word(at + (is64 ? 8 : 4))];
        if (tag === 1) result.libraries.push(text(strings, value));
        if (tag === 14) result.name = text(strings, value);
      }
    } else if (section.type === 11) {
      for (let at = section.offset + (is64 ? 24 : 16); at < end; at += is64 ? 24 : 16) {
        const name = text(strings, bytes.readUInt32LE(at));
        const isDefined = bytes.readUInt16LE(at + (is64 ? 6 : 14)) !== 0;
        (isDefined ? result.exports : result.imports).push(name);
      }
    } else if (section.type === 0x6ffffffe) {
      // Versions that are needed: a list of files, each with a list of versions.
      for (let file = section.offset, i = 0; i < section.info; i++) {
        let version = file + bytes.readUInt32LE(file + 8);
        for (let left = bytes.readUInt16LE(file + 2); left > 0; left--) {
          result.versions.push(text(strings, bytes.readUInt32LE(version + 8)));
          version += bytes.readUInt32LE(version + 12);
        }
        file += bytes.readUInt32LE(file + 12);
      }
    }
  }
  return result;
}
