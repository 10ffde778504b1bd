/** The slices of one series → a volume: of one size and orientation, in order, each place once. */
import { counted } from "./choose-series.js";
import type { Gap, LeftOut, Slice, SliceOrder } from "./types.js";

export interface Arranged {
  readonly slices: readonly Slice[];
  readonly order: SliceOrder;
  readonly leftOut: readonly LeftOut[];
  readonly gaps: readonly Gap[];
  /** Between neighbours, in millimetres; null without positions. */
  readonly medianSpacing: number | null;
}

/** Places nearer than this are one, in millimetres: files write positions with rounding, and no scanner slices finer. */
const samePlace = 0.01;

/** Direction cosines nearer than this are one orientation: 0.6 degrees. */
const sameDirection = 0.01;

/** A distance of more than this, in medians, is a gap. */
const gapFactor = 1.5;

/** @param found From 1 slice. */
export function arrange(found: readonly Slice[]): Arranged {
  const inOrder = [...found].sort(byInstance);
  const { kept, others } = largestStack(inOrder);
  const places = placesOf(kept);
  if (places === null) {
    const order = kept.every(({ instanceNumber, frames }) => instanceNumber !== null || frames > 1) ? "instance number" : "file name";
    return { slices: kept, order, leftOut: others, gaps: [], medianSpacing: null };
  }
  // Sorting is stable: of one place the first by Instance Number comes first.
  const placed = kept.map((slice, index) => ({ slice, place: places[index] ?? 0 })).sort((a, b) => a.place - b.place);
  const rising = withoutDuplicates(placed);
  const unique = fallsWithInstances(rising.map(({ slice }) => slice)) ? rising.toReversed() : rising;
  const distances = unique.slice(1).map(({ place }, index) => Math.abs(place - (unique[index]?.place ?? 0)));
  const median = medianOf(distances);
  const gaps = distances.flatMap((mm, index) => (median !== null && mm > gapFactor * median ? [{ after: index + 1, mm }] : []));
  return {
    slices: unique.map(({ slice }) => slice),
    order: "position",
    leftOut: [...others, ...counted(placed.length - unique.length, "duplicate of a position")],
    gaps,
    medianSpacing: median
  };
}

/** By Instance Number, then as the files are named; frames of a file in their order. */
function byInstance(a: Slice, b: Slice): number {
  const [first, second] = [a.instanceNumber ?? Infinity, b.instanceNumber ?? Infinity];
  if (first !== second) return first - second;
  return a.path === b.path ? a.frame - b.frame : a.path < b.path ? -1 : 1;
}

/** A picture of another size or orientation, a scout that is not called so for example, belongs to no volume. */
function largestStack(slices: readonly Slice[]): { readonly kept: readonly Slice[]; readonly others: readonly LeftOut[] } {
  const stacks: Slice[][] = [];
  for (const slice of slices) {
    const stack = stacks.find(([first]) => first !== undefined && hasSameSize(first, slice) && hasSameOrientation(first, slice));
    if (stack === undefined) stacks.push([slice]);
    else stack.push(slice);
  }
  const kept = stacks.reduce((largest, stack) => (stack.length > largest.length ? stack : largest));
  const [reference] = kept;
  const others = slices.filter((slice) => !kept.includes(slice));
  const ofOtherSize = others.filter((slice) => reference !== undefined && !hasSameSize(reference, slice)).length;
  return { kept, others: [...counted(ofOtherSize, "of another size"), ...counted(others.length - ofOtherSize, "of another orientation")] };
}

function hasSameSize(a: Slice, b: Slice): boolean {
  return a.rows === b.rows && a.columns === b.columns;
}

function hasSameOrientation(a: Slice, b: Slice): boolean {
  const [first, second] = [a.geometry.imageOrientationPatient, b.geometry.imageOrientationPatient];
  if (first === null || second === null) return first === second;
  return first.every((cosine, index) => Math.abs(cosine - (second[index] ?? 0)) < sameDirection);
}

/**
 * Along the normal of the first slice, in millimetres: its rows × its columns (PS3.3 C.7.6.2.1.1). For a tilted gantry too,
 * where z alone would do, and for every other plane, where it would not.
 *
 * @returns null when one slice does not say where it lies
 */
function placesOf(slices: readonly Slice[]): number[] | null {
  const orientation = slices[0]?.geometry.imageOrientationPatient ?? null;
  if (orientation === null) return null;
  const [rx = 0, ry = 0, rz = 0, cx = 0, cy = 0, cz = 0] = orientation;
  const normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
  const places = slices.map(({ geometry }) => geometry.imagePositionPatient?.reduce((sum, value, axis) => sum + value * (normal[axis] ?? 0), 0));
  return places.every((place) => place !== undefined) ? places : null;
}

/**
 * Google's notebook orders by Instance Number, and so the model knows most volumes from that end: positions say which
 * slices are neighbours, Instance Numbers at which end to begin.
 */
function fallsWithInstances(slices: readonly Slice[]): boolean {
  const numbers = slices.map(({ instanceNumber, frame, frames }) => (frames > 1 ? frame : (instanceNumber ?? 0)));
  const steps = numbers.slice(1).map((number, index) => Math.sign(number - (numbers[index] ?? 0)));
  return steps.reduce((sum, step) => sum + step, 0) < 0;
}

function withoutDuplicates<Placed extends { readonly place: number }>(placed: readonly Placed[]): Placed[] {
  const unique: Placed[] = [];
  for (const one of placed) {
    const last = unique.at(-1);
    if (last === undefined || one.place - last.place >= samePlace) unique.push(one);
  }
  return unique;
}

function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
