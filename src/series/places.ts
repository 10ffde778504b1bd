/** Where slices lie, along the normal of their plane. */
import type { Slice } from "./types.js";

/** Direction cosines nearer than this are one orientation: 0.6 degrees. */
const sameDirection = 0.01;

/** Places nearer than this are one, in millimetres, unless slices are as near: files write positions with rounding. */
const samePlace = 0.01;

/** Of the usual distance: nearer places are one. */
const sameShare = 0.2;

export function hasSameOrientation(a: Slice, b: Slice): boolean {
  const [first, second] = [a.geometry.imageOrientationPatient, b.geometry.imageOrientationPatient];
  if (first === null || second === null) return first === second;
  return first.every((cosine, index) => Math.abs(cosine - (second[index] ?? 0)) < sameDirection);
}

/** Rows × columns (PS3.3 C.7.6.2.1.1); null for a slice that does not say how it lies. */
export function normalOf({ geometry }: Slice): readonly number[] | null {
  if (geometry.imageOrientationPatient === null) return null;
  const [rx = 0, ry = 0, rz = 0, cx = 0, cy = 0, cz = 0] = geometry.imageOrientationPatient;
  return [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
}

/**
 * Along the normal of the first slice, in millimetres. For a tilted gantry too, where z alone would do, and for every other
 * plane, where it would not.
 *
 * @returns null when one slice does not say where it lies
 */
export function placesOf(slices: readonly Slice[]): number[] | null {
  const normal = slices[0] === undefined ? null : normalOf(slices[0]);
  if (normal === null) return null;
  const places = slices.map(({ geometry }) =>
    geometry.imagePositionPatient?.reduce((sum, value, axis) => sum + value * (normal[axis] ?? 0), 0)
  );
  return places.every((place) => place !== undefined) ? places : null;
}

/** For each slice the number of its place, from 0 in rising order: equal for slices of one place. */
export function placeNumbers(places: readonly number[]): number[] {
  const rising = places.map((place, index) => ({ place, index })).sort((a, b) => a.place - b.place);
  const extent = (rising.at(-1)?.place ?? 0) - (rising[0]?.place ?? 0);
  // A micro-CT has slices nearer than the rounding of others: theirs are told by their own distance.
  const tolerance = Math.min(samePlace, (sameShare * extent) / Math.max(1, rising.length - 1));
  const numbers = new Array<number>(places.length).fill(0);
  let number = 0;
  for (const [order, { place, index }] of rising.entries()) {
    const before = rising[order - 1];
    if (before !== undefined && place - before.place >= tolerance && place > before.place) number += 1;
    numbers[index] = number;
  }
  return numbers;
}

/** Beside the distance of two slices, how far one may be shifted in its plane, in pixels. */
const mostShift = 2;

export interface Fields {
  /** For each slice the number of its field of view, from 0. */
  readonly numbers: readonly number[];
  /** The widest step in the plane from one field to another, in millimetres; null for a single one. */
  readonly shift: number | null;
}

/**
 * Fields of view beside each other: slices that lie elsewhere in their plane, by more than a tilted gantry moves them from one
 * to the next (30 degrees, so less than their distance).
 *
 * @param places Of the slices, along the normal.
 */
export function fieldsOf(slices: readonly Slice[], places: readonly number[]): Fields {
  const rising = slices
    .map((slice, index) => ({ slice, index, place: places[index] ?? 0 }))
    .sort((a, b) => a.place - b.place);
  const lastOfFields: (typeof rising)[number][] = [];
  const numbers = new Array<number>(slices.length).fill(0);
  let shift: number | null = null;
  for (const one of rising) {
    const shifts = lastOfFields.map((last) => shiftBetween(last.slice, one.slice, one.place - last.place));
    const nearest = Math.min(...shifts);
    const field = shifts.findIndex(
      (mm, index) =>
        mm === nearest &&
        mm <=
          one.place -
            (lastOfFields[index]?.place ?? 0) +
            mostShift * Math.max(...(one.slice.geometry.pixelSpacing ?? [1]))
    );
    const number = field < 0 ? lastOfFields.length : field;
    if (field < 0 && lastOfFields.length > 0) shift = Math.max(shift ?? 0, nearest);
    lastOfFields[number] = one;
    numbers[one.index] = number;
  }
  return { numbers, shift };
}

/** In the plane: what is left of the way when that along the normal is taken off. */
function shiftBetween(
  { geometry: { imagePositionPatient: from } }: Slice,
  { geometry: { imagePositionPatient: to } }: Slice,
  along: number
): number {
  const squared = (to ?? []).reduce((sum, value, axis) => sum + (value - (from?.[axis] ?? 0)) ** 2, 0);
  return Math.sqrt(Math.max(0, squared - along ** 2));
}

export function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
