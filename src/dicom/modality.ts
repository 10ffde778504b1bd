/** Stored values → values of the modality, such as Hounsfield units (PS3.3 C.11.1). */
import type { DataSet } from "./data-set.js";
import { lookUp, readLookupTable } from "./lookup-table.js";
import type { StoredValues } from "./stored-frame.js";
import { tags } from "./tags.js";

export type ModalityValues = StoredValues | Float32Array;

/** value = slope · stored + intercept, or a table. */
export interface ModalityTransform {
  readonly apply: (stored: StoredValues) => ModalityValues;
}

/**
 * @param frame From 0; enhanced files have a transform for each frame.
 * @throws DicomError for an incomplete table
 */
export function readModalityTransform(dataSet: DataSet, frame: number, isSigned: boolean): ModalityTransform {
  const [item] = dataSet.items(tags.ModalityLUTSequence);
  if (item !== undefined) {
    const table = readLookupTable(item, isSigned);
    return { apply: (stored) => Uint16Array.from(stored, (value) => lookUp(table, value)) };
  }
  const group = dataSet.functionalGroup(tags.PixelValueTransformationSequence, frame);
  const slope = group.number(tags.RescaleSlope);
  const intercept = group.number(tags.RescaleIntercept);
  // pydicom wants both; one alone says nothing.
  if (slope === undefined || intercept === undefined || (slope === 1 && intercept === 0)) return { apply: (stored) => stored };
  return { apply: (stored) => rescale(stored, slope, intercept) };
}

/** 16-bit integers where all results are, for CT say: half the memory, and exact. Else floats. */
function rescale(stored: StoredValues, slope: number, intercept: number): ModalityValues {
  const rescaled = Number.isInteger(slope) && Number.isInteger(intercept) && fitsInt16(stored, slope, intercept) ? new Int16Array(stored.length) : new Float32Array(stored.length);
  for (let index = 0; index < stored.length; index += 1) rescaled[index] = (stored[index] ?? 0) * slope + intercept;
  return rescaled;
}

function fitsInt16(stored: StoredValues, slope: number, intercept: number): boolean {
  let [least, most] = [0, 0];
  for (const value of stored) {
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  return [least, most].every((value) => Math.abs(value * slope + intercept) < 2 ** 15);
}
