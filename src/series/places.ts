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
  const places = slices.map(({ geometry }) => geometry.imagePositionPatient?.reduce((sum, value, axis) => sum + value * (normal[axis] ?? 0), 0));
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

export function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
