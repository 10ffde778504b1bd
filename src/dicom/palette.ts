/** Palette indices → 8-bit RGB (PS3.3 C.7.9): tables of 8 or 16 bits, plain or in segments. */
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { bitsOf, greatestOf, lookUp, readEntries } from "./lookup-table.js";
import { tags } from "./tags.js";
import type { StoredFrame } from "./stored-frame.js";

const tables = [
  [
    tags.RedPaletteColorLookupTableDescriptor,
    tags.RedPaletteColorLookupTableData,
    tags.SegmentedRedPaletteColorLookupTableData
  ],
  [
    tags.GreenPaletteColorLookupTableDescriptor,
    tags.GreenPaletteColorLookupTableData,
    tags.SegmentedGreenPaletteColorLookupTableData
  ],
  [
    tags.BluePaletteColorLookupTableDescriptor,
    tags.BluePaletteColorLookupTableData,
    tags.SegmentedBluePaletteColorLookupTableData
  ]
] as const;

export interface PalettePicture {
  readonly rgb: Uint8Array;
  /** Where the palette contradicts itself, and what was done. */
  readonly warnings: readonly string[];
}

/** @throws DicomError for tables that are missing or damaged */
export function paletteToRgb(
  dataSet: DataSet,
  { values }: Pick<StoredFrame, "values">,
  isSigned: boolean
): PalettePicture {
  const palette = tables.map((table) => readChannel(dataSet, table, isSigned));
  const said = Math.max(...palette.map(({ bits }) => bits));
  const greatest = Math.max(...palette.map(({ entries }) => greatestOf(entries)));
  const used = bitsUsed(greatest, said);
  const rgb = new Uint8Array(values.length * 3);
  for (const [channel, { first, entries, bits }] of palette.entries()) {
    const white = 2 ** (used === said ? bits : used) - 1;
    const table = { first, entries: entries.map((entry) => Math.min(255, Math.floor((entry / white) * 255 + 0.5))) };
    for (let index = 0; index < values.length; index += 1) rgb[3 * index + channel] = lookUp(table, values[index] ?? 0);
  }
  return {
    rgb,
    warnings:
      used === said
        ? []
        : [
            `the colour palette of the file says ${said} bits, but its greatest entry is ${greatest}: shown as ${used} bits`
          ]
  };
}

/**
 * A palette of 16 bits that has no colour brighter than a sixteenth of white is one of fewer bits, and one of 8 bits with words above
 * 255 is one of 16. A palette of dark colours is neither.
 */
function bitsUsed(greatest: number, said: number): number {
  const needed = bitsOf(greatest);
  if (needed > said) return 16;
  if (said === 8 || needed > 12 || greatest === 0) return said;
  return Math.max(8, needed);
}

function readChannel(
  dataSet: DataSet,
  [descriptor, plain, segmented]: (typeof tables)[number],
  isSigned: boolean
): { readonly first: number; readonly entries: Uint16Array; readonly bits: 8 | 16 } {
  const length = dataSet.word(descriptor, { index: 0 });
  const first = dataSet.word(descriptor, { index: 1, isSigned });
  const bits = dataSet.word(descriptor, { index: 2 });
  if (length === undefined || first === undefined || bits === undefined)
    throw new DicomError("its colour palette is missing");
  if (bits !== 8 && bits !== 16)
    throw new DicomError(`its colour palette has entries of ${bits} bits; expected 8 or 16`);
  const count = length === 0 ? 2 ** 16 : length;
  const data = dataSet.value(plain);
  const entries =
    data === undefined ? readSegments(dataSet, segmented, bits, count) : readTable(data, count, bits, dataSet, plain);
  if (entries === null) throw new DicomError(`its colour palette has fewer entries than the ${count} that it says`);
  return { first, entries, bits };
}

/** Bytes in a big-endian table of words are swapped, as in pixels of words (PS3.5 8.1.1). */
function readTable(
  data: Uint8Array,
  count: number,
  bits: number,
  dataSet: DataSet,
  tag: (typeof tables)[number][1]
): Uint16Array | null {
  const isPacked = data.length < 2 * count;
  const isSwapped = isPacked && !dataSet.isLittleEndian && dataSet.element(tag)?.vr === "OW";
  return readEntries(
    isSwapped ? Buffer.from(Uint8Array.from(data).buffer, 0, data.length - (data.length % 2)).swap16() : data,
    count,
    bits,
    dataSet.isLittleEndian
  );
}

/** Discrete (0), linear (1) and indirect (2) segments (PS3.3 C.7.9.2). */
function readSegments(dataSet: DataSet, tag: (typeof tables)[number][2], bits: 8 | 16, count: number): Uint16Array {
  const data = dataSet.value(tag);
  if (data === undefined) throw new DicomError("its colour palette is missing");
  const words =
    bits === 8
      ? Uint16Array.from(data)
      : (readEntries(data, Math.floor(data.length / 2), bits, dataSet.isLittleEndian) ?? new Uint16Array());
  const expanded: number[] = [];
  expand(words, 0, Infinity, { bits, isLittleEndian: dataSet.isLittleEndian, expanded, count, isIndirect: false });
  return Uint16Array.from({ length: count }, (_one, index) => expanded[index] ?? expanded.at(-1) ?? 0);
}

interface Expansion {
  readonly bits: 8 | 16;
  readonly isLittleEndian: boolean;
  readonly expanded: number[];
  /** Entries of the whole table: a damaged one must not grow without end. */
  readonly count: number;
  readonly isIndirect: boolean;
}

function expand(words: Uint16Array, start: number, segments: number, expansion: Expansion): void {
  const { expanded, count } = expansion;
  let position = start;
  const next = (): number => {
    const word = words[position];
    if (word === undefined) throw new DicomError("its segmented colour palette is cut off");
    position += 1;
    return word;
  };
  // A last single byte is padding.
  for (let done = 0; done < segments && position + 1 < words.length && expanded.length < count; done += 1) {
    const kind = next();
    const length = next();
    if (kind === 0) {
      for (let index = 0; index < length; index += 1) expanded.push(next());
    } else if (kind === 1) {
      const from = expanded.at(-1);
      if (from === undefined) throw new DicomError("its segmented colour palette begins with a line from nowhere");
      const to = next();
      for (let index = 1; index <= length; index += 1)
        expanded.push(roundHalfEven(from + ((to - from) * index) / length));
    } else if (kind === 2 && !expansion.isIndirect) {
      expand(words, readOffset(next, expansion), length, { ...expansion, isIndirect: true });
    } else {
      throw new DicomError(`its segmented colour palette has a segment of kind ${kind}`);
    }
  }
}

/** 32 bits, the less significant word first; of byte tables each word is two bytes in the order of the file. */
function readOffset(next: () => number, { bits, isLittleEndian }: Expansion): number {
  const word = () => {
    if (bits === 16) return next();
    const [one, two] = [next(), next()];
    return isLittleEndian ? one + 256 * two : 256 * one + two;
  };
  return word() + 2 ** 16 * word();
}

/** As NumPy, which made the reference. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
