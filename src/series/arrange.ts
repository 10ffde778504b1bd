/** The slices of one volume → in order, each place once. */
import { counted } from "./choose-series.js";
import { fieldsOf, hasSameOrientation, medianOf, placeNumbers, placesOf } from "./places.js";
import { numberInFile } from "./split-volumes.js";
import type { Gap, LeftOut, Slice, SliceOrder } from "./types.js";

export interface Arranged {
  readonly slices: readonly Slice[];
  readonly order: SliceOrder;
  /** Why they are not ordered by position; null where they are. */
  readonly without:
    "no positions in the files" | "all slices at one position" | "slices of several orientations" | null;
  readonly leftOut: readonly LeftOut[];
  readonly gaps: readonly Gap[];
  /** How far slices are shifted in their plane, in millimetres; null where they lie behind each other. */
  readonly shift: number | null;
  /** Between neighbours, in millimetres; null without positions. */
  readonly medianSpacing: number | null;
}

/** A distance of more than this, in medians, is a gap. */
const gapFactor = 1.5;

/** @param volume From 1 slice, by Instance Number. */
export function arrange(volume: readonly Slice[]): Arranged {
  const [first] = volume;
  const areParallel = volume.every((slice) => first !== undefined && hasSameOrientation(first, slice));
  const places = areParallel ? placesOf(volume) : null;
  const numbers = places === null ? [] : placeNumbers(places);
  if (places === null || (volume.length > 1 && Math.max(...numbers) === 0)) {
    const without = !areParallel
      ? "slices of several orientations"
      : places === null
        ? "no positions in the files"
        : "all slices at one position";
    return { ...inARow(volume), without, leftOut: [], gaps: [], shift: null, medianSpacing: null };
  }
  // Sorting is stable: of one place the first by Instance Number comes first.
  const placed = volume
    .map((slice, index) => ({ slice, place: places[index] ?? 0, number: numbers[index] ?? 0 }))
    .sort((a, b) => a.number - b.number);
  const rising = placed.filter(({ number }, index) => number !== placed[index - 1]?.number);
  const unique = fallsWithInstances(rising.map(({ slice }) => slice)) ? rising.toReversed() : rising;
  const distances = unique.slice(1).map(({ place }, index) => Math.abs(place - (unique[index]?.place ?? 0)));
  const median = medianOf(distances);
  const gaps = distances.flatMap((mm, index) =>
    median !== null && mm > gapFactor * median ? [{ after: index + 1, mm }] : []
  );
  return {
    slices: unique.map(({ slice }) => slice),
    order: "position",
    without: null,
    leftOut: counted(placed.length - unique.length, "duplicate of a position"),
    gaps,
    shift: fieldsOf(volume, places).shift,
    medianSpacing: median
  };
}

/** Slices whose places say nothing: by the first that gives each of them a number of its own. */
function inARow(volume: readonly Slice[]): Pick<Arranged, "slices" | "order"> {
  const orders: readonly (readonly [SliceOrder, (slice: Slice) => string | number | null])[] = [
    ["stack position", ({ facts }) => facts.inStackPosition],
    // Frames of one file have one Instance Number, and may stand in any order (PS3.3 C.7.6.17).
    ["time", ({ facts, frames }) => (frames > 1 ? facts.temporalPosition : null)],
    [
      "instance number",
      (slice) =>
        slice.instanceNumber === null && slice.frames === 1 && slice.tile === null
          ? null
          : `${slice.instanceNumber ?? ""} ${numberInFile(slice)}`
    ],
    ["time", ({ facts }) => facts.temporalPosition],
    ["time", ({ facts }) => facts.triggerTime],
    ["time", ({ facts }) => facts.acquisitionTime],
    ["time", ({ facts }) => facts.contentTime]
  ];
  for (const [order, valueOf] of orders) {
    const values = volume.map(valueOf);
    if (values.includes(null) || new Set(values).size < volume.length) continue;
    const slices =
      order === "instance number"
        ? volume
        : [...volume].sort((a, b) => ((valueOf(a) ?? 0) < (valueOf(b) ?? 0) ? -1 : 1));
    return { slices, order };
  }
  return { slices: volume, order: "file name" };
}

/**
 * Google's notebook orders by Instance Number, and so the model knows most volumes from that end: positions say which
 * slices are neighbours, Instance Numbers at which end to begin.
 */
function fallsWithInstances(slices: readonly Slice[]): boolean {
  const numbers = slices.map((slice) =>
    slice.frames > 1 || slice.tile !== null ? numberInFile(slice) : (slice.instanceNumber ?? 0)
  );
  const steps = numbers.slice(1).map((number, index) => Math.sign(number - (numbers[index] ?? 0)));
  return steps.reduce((sum, step) => sum + step, 0) < 0;
}
