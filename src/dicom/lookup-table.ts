/** A lookup table of the modality or VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1). */
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { tags } from "./tags.js";

export interface LookupTable {
  /** The input value of the first entry; values below have it too, values behind the last entry have that. */
  readonly first: number;
  readonly entries: Uint16Array;
  /** Bits of an entry, 1 to 16. */
  readonly bits: number;
}

/**
 * @param item Of a Modality LUT Sequence or VOI LUT Sequence.
 * @param areInputsSigned The first input value is written as inputs are; the file may say so itself, by SS or US.
 * @throws DicomError
 */
export function readLookupTable(item: DataSet, areInputsSigned: boolean): LookupTable {
  const vr = item.element(tags.LUTDescriptor)?.vr;
  const isSigned = vr === "SS" || (vr !== "US" && areInputsSigned);
  const length = item.word(tags.LUTDescriptor, { index: 0 });
  const first = item.word(tags.LUTDescriptor, { index: 1, isSigned });
  const bits = item.word(tags.LUTDescriptor, { index: 2 });
  const data = item.value(tags.LUTData);
  if (length === undefined || first === undefined || bits === undefined || data === undefined) throw new DicomError("a lookup table in it is incomplete");
  if (bits < 1 || bits > 16) throw new DicomError(`a lookup table in it has entries of ${bits} bits; expected 1 to 16`);
  const count = length === 0 ? 2 ** 16 : length; // 0 stands for 2^16, which 16 bits cannot say
  return { first, bits, entries: readEntries(data, count, item.isLittleEndian) };
}

/** Entries are words; tables of 8 bits may be packed into bytes. */
export function readEntries(data: Uint8Array, count: number, isLittleEndian: boolean): Uint16Array {
  if (data.length >= 2 * count) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return Uint16Array.from({ length: count }, (_one, index) => view.getUint16(2 * index, isLittleEndian));
  }
  if (data.length < count) throw new DicomError(`a lookup table in it has ${data.length} bytes for ${count} entries`);
  return Uint16Array.from(data.subarray(0, count));
}

/** The entry for a value; fractions are cut off, as pydicom does. */
export function lookUp({ first, entries }: LookupTable, value: number): number {
  const index = Math.trunc(value - first);
  return entries[Math.min(Math.max(index, 0), entries.length - 1)] ?? 0;
}
