/** A shared library that was cut off ends the process (SIGBUS) where Linux maps it; there its size is checked before. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Offsets in the header of a 64-bit ELF file, little-endian as all processors that Node runs on (ELF-64 Object File Format 1.5). */
const elf = { magic: 0x464c457f, headerBytes: 64, programHeaders: 0x20, sectionHeaders: 0x28, sizes: 0x36 };

/** @throws Error in one line */
export function checkWhole(path: string): void {
  if (process.platform !== "linux") return;
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(elf.headerBytes);
    const { size } = fstatSync(file);
    if (readSync(file, header, 0, header.length, 0) < header.length || header.readUInt32LE(0) !== elf.magic)
      throw new Error("is not a shared library");
    const [programSize, programs, sectionSize, sections] = [0, 2, 4, 6].map((offset) =>
      header.readUInt16LE(elf.sizes + offset)
    ) as [number, number, number, number];
    // Linkers put the table of sections last.
    const ends = [
      Number(header.readBigUInt64LE(elf.programHeaders)) + programSize * programs,
      Number(header.readBigUInt64LE(elf.sectionHeaders)) + sectionSize * sections
    ];
    const end = Math.max(...ends);
    if (end > size) throw new Error(`is cut off: ${size} bytes, expected ${end}`);
  } finally {
    closeSync(file);
  }
}
