/** Stored values → values of the modality, such as Hounsfield units (PS3.3 C.11.1). */
import type { DataSet } from "./data-set.js";
import { lookUp, readLookupTable } from "./lookup-table.js";
import type { StoredValues } from "./stored-frame.js";
import { tags } from "./tags.js";

export type ModalityValues = StoredValues | Float32Array;

/** value = slope · stored + intercept, or a table. */
export interface ModalityTransform {
  readonly apply: (stored: StoredValues) => ModalityValues;
  /** Whether the file has one at all. */
  readonly isKnown: boolean;
  /** Where the file is incomplete or contradicts itself, and what was done. */
  readonly warnings: readonly string[];
}

/**
 * @param frame From 0; enhanced files have a transform for each frame.
 * @throws DicomError for a slope or intercept that is no number
 */
export function readModalityTransform(dataSet: DataSet, frame: number, isSigned: boolean): ModalityTransform {
  const [item] = dataSet.items(tags.ModalityLUTSequence);
  const table = item === undefined ? null : readLookupTable(item, isSigned);
  if (table !== null)
    return {
      apply: (stored) => Uint16Array.from(stored, (value) => lookUp(table, value)),
      isKnown: true,
      warnings: []
    };
  const unusable = item === undefined ? [] : ["the Modality LUT of the file has too few entries and is ignored"];
  const group = dataSet.functionalGroup(tags.PixelValueTransformationSequence, frame);
  const slope = group.neededNumber(tags.RescaleSlope, "Rescale Slope");
  const intercept = group.neededNumber(tags.RescaleIntercept, "Rescale Intercept");
  if (slope === undefined && intercept === undefined)
    return { apply: (stored) => stored, isKnown: false, warnings: unusable };
  // What one of them means alone is said nowhere: pydicom ignores it, GDCM takes the other as below.
  const [by, plus] = [slope === undefined || slope === 0 ? 1 : slope, intercept ?? 0];
  const warnings = [
    ...unusable,
    ...(slope === undefined
      ? ["the file has no Rescale Slope: taken for 1, as GDCM does"]
      : slope === 0
        ? ["the Rescale Slope of the file is 0: taken for 1, as GDCM does"]
        : []),
    ...(intercept === undefined ? ["the file has no Rescale Intercept: taken for 0, as GDCM does"] : []),
    ...([tags.RescaleSlope, tags.RescaleIntercept].some((tag) => group.hasDecimalComma(tag))
      ? ["a decimal comma in the rescale of the file is taken for a point"]
      : [])
  ];
  return {
    apply: by === 1 && plus === 0 ? (stored) => stored : (stored) => rescale(stored, by, plus),
    isKnown: true,
    warnings
  };
}

/** 16-bit integers where all results are, for CT say: half the memory, and exact. Else floats. */
function rescale(stored: StoredValues, slope: number, intercept: number): ModalityValues {
  const rescaled =
    Number.isInteger(slope) && Number.isInteger(intercept) && fitsInt16(stored, slope, intercept)
      ? new Int16Array(stored.length)
      : new Float32Array(stored.length);
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
