/** A lookup table of the modality or VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1). */
import type { DataSet } from "./data-set.js";
import { tags } from "./tags.js";

export interface LookupTable {
  /** The input value of the first entry; values below have it too, values behind the last entry have that. */
  readonly first: number;
  readonly entries: Uint16Array;
  /** The entry that is white. */
  readonly white: number;
  /** What is odd about it, for a person; null where nothing is. */
  readonly contradiction: string | null;
}

/**
 * The bits of the descriptor may contradict the entries. Then the greatest entry is white, as in Horos and Cornerstone; pydicom
 * believes the descriptor, and shows a table of 12 bits that says 16 nearly black.
 *
 * @param item Of a Modality LUT Sequence or VOI LUT Sequence.
 * @param areInputsSigned The first input value is a word as inputs are.
 * @returns null for a table without entries, with fewer than it says, or of zeros alone
 */
export function readLookupTable(item: DataSet, areInputsSigned: boolean): LookupTable | null {
  const length = item.word(tags.LUTDescriptor, { index: 0 });
  const first = readFirst(item, length ?? 0, areInputsSigned);
  const bits = item.word(tags.LUTDescriptor, { index: 2 });
  const data = item.value(tags.LUTData);
  if (length === undefined || first === undefined || bits === undefined || data === undefined) return null;
  const entries = readEntries(data, length === 0 ? 2 ** 16 : length, bits, item.isLittleEndian); // 0 stands for 2^16, which 16 bits cannot say
  if (entries === null) return null;
  const greatest = greatestOf(entries);
  if (greatest === 0) return null;
  const isAsSaid = bitsOf(greatest) === bits;
  const contradiction = `says ${bits} bits, but its greatest entry is ${greatest}: shown as white`;
  return { first, entries, white: isAsSaid ? 2 ** bits - 1 : greatest, contradiction: isAsSaid ? null : contradiction };
}

/**
 * The VR may tell the sign wrong: no signed input is above 32,767, so a word that would be is negative; and a table that ended
 * below all unsigned inputs begins above them.
 */
function readFirst(item: DataSet, length: number, areInputsSigned: boolean): number | undefined {
  const signed = item.word(tags.LUTDescriptor, { index: 1, isSigned: true });
  if (signed === undefined || areInputsSigned) return signed;
  const isNegative = item.element(tags.LUTDescriptor)?.vr === "SS" && signed + (length === 0 ? 2 ** 16 : length) > 0;
  return isNegative ? signed : item.word(tags.LUTDescriptor, { index: 1 });
}

/**
 * Entries are words. Tables of 8 bits may be packed into bytes, and so is one that says more, but has a byte for each entry and
 * nothing behind: it is not half a table.
 *
 * @returns null when there are fewer
 */
export function readEntries(
  data: Uint8Array,
  count: number,
  bits: number,
  isLittleEndian: boolean
): Uint16Array | null {
  if (data.length >= 2 * count) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return Uint16Array.from({ length: count }, (_one, index) => view.getUint16(2 * index, isLittleEndian));
  }
  const isPacked = bits <= 8 ? data.length >= count : data.length === count + (count % 2);
  return isPacked ? Uint16Array.from(data.subarray(0, count)) : null;
}

export function greatestOf(entries: Uint16Array): number {
  return entries.reduce((greatest, entry) => Math.max(greatest, entry), 0);
}

/** That a number takes. */
export function bitsOf(value: number): number {
  return 32 - Math.clz32(value);
}

/** The entry for a value; fractions are cut off, as pydicom does. */
export function lookUp({ first, entries }: Pick<LookupTable, "first" | "entries">, value: number): number {
  const index = Math.trunc(value - first);
  return entries[Math.min(Math.max(index, 0), entries.length - 1)] ?? 0;
}
