/**
 * The slices of one series → its volumes: all that could be put into one stack, and no more. A series may hold passes, phases,
 * echoes, b values or reconstructions of the same places, and two of them in one volume are the worst that can happen.
 *
 *  - What always tells volumes apart: size, spacing, kind of image, kernel, echo, flip angle, b value … (`distinctions`).
 *  - Planes that do not lie side by side, unless no stack stands out (blocks through the discs of a spine, radial sets).
 *  - Acquisition Number or Time, stack, slice thickness and field of view, where they overlap: a scan in steps has an acquisition
 *    for each step, and is one volume.
 *  - Instance Numbers that run through all places once, and then again.
 *  - Where places are there several times still: what differs between the slices of a place, then their order in time or number.
 */
import { MedGemmaError } from "../errors.js";
import { distinctions, isSameThickness, type Distinction } from "./distinctions.js";
import { groupBy } from "../shared/group-by.js";
import { fieldsOf, hasSameOrientation, medianOf, normalOf, placeNumbers, placesOf } from "./places.js";
import type { Slice } from "./types.js";

export interface Volume {
  readonly slices: readonly Slice[];
  /** Which of several at the same places it is, and by what they differ; empty where an attribute of all volumes tells. */
  readonly turns: readonly Turn[];
}

export interface Turn {
  /** "time", "field of view" … */
  readonly name: string;
  /** From 1. */
  readonly number: number;
}

/** Normals that are nearer (45 degrees) belong to blocks beside each other. */
const besideCosine = Math.SQRT1_2 - 1e-6;

/** Planes whose normals are nearer (half a degree) are parallel. */
const parallelCosine = 1 - 4e-5;

/** A stack has at least so many slices. */
const leastStack = 3;

/** Of the slice thickness: interleaved slices of MR are not nearer. */
const leastDistance = 0.9;

/** Share of a volume that is there twice: a volume is held several times above, below it are copies of slices. */
const mostCopies = 0.5;

/**
 * @param slices From 1, of one series.
 * @returns their slices by Instance Number
 * @param name What to call the input in messages.
 * @throws MedGemmaError IMAGE_UNREADABLE where slices of one place cannot be told apart
 */
export function splitVolumes(slices: readonly Slice[], name: string): Volume[] {
  const bySize = partition(
    slices,
    distinctions.filter(({ ofPicture }) => ofPicture)
  );
  const volumes = bySize.flatMap((group) => {
    const split = partition(
      group,
      distinctions.filter(({ ofPicture }) => !ofPicture)
    )
      .flatMap(byOrientation)
      .flatMap((one) => byTime(one, name));
    // A film, or the echoes of one place: no volumes, but pictures in a row.
    return split.every((volume) => volume.slices.length === 1) ? [{ slices: group, turns: [] }] : split;
  });
  return volumes.map(({ slices: found, turns }) => ({ slices: [...found].sort(byInstance), turns }));
}

/** By Instance Number, then as the files are named; frames of a file in their order. */
export function byInstance(a: Slice, b: Slice): number {
  const [first, second] = [a.instanceNumber ?? Infinity, b.instanceNumber ?? Infinity];
  if (first !== second) return first - second;
  return a.path === b.path ? numberInFile(a) - numberInFile(b) : a.path < b.path ? -1 : 1;
}

export function numberInFile({ frame, tile }: Slice): number {
  return tile === null ? frame : tile.index + 1;
}

function partition(slices: readonly Slice[], by: readonly Distinction[]): Slice[][] {
  let groups: Slice[][] = [[...slices]];
  for (const { same } of by) groups = groups.flatMap((group) => clusters(group, same));
  return groups;
}

function clusters(slices: readonly Slice[], same: (a: Slice, b: Slice) => boolean): Slice[][] {
  const found: Slice[][] = [];
  for (const slice of slices) {
    const cluster = found.find(([first]) => first !== undefined && same(first, slice));
    if (cluster === undefined) found.push([slice]);
    else cluster.push(slice);
  }
  return found;
}

function byOrientation(slices: Slice[]): Slice[][] {
  const stacks = clusters(slices, hasSameOrientation);
  const largest = Math.max(...stacks.map((stack) => stack.length));
  if (stacks.length === 1 || largest > slices.length / 2) return stacks;
  const blocks = besideEachOther(stacks);
  return blocks.length === 1 || largest < leastStack ? [slices] : blocks;
}

/** Stacks whose normals are near to that of another of the group. */
function besideEachOther(stacks: readonly Slice[][]): Slice[][] {
  const groups: Slice[][][] = [];
  for (const stack of stacks) {
    const near = groups.filter((group) => group.some((other) => areBeside(stack[0], other[0])));
    for (const group of near) groups.splice(groups.indexOf(group), 1);
    groups.push([...near.flat(), stack]);
  }
  return groups.map((group) => group.flat());
}

function areBeside(a: Slice | undefined, b: Slice | undefined): boolean {
  const [first, second] = [a, b].map((slice) => (slice === undefined ? null : normalOf(slice)));
  if (first === null || second === null || first === undefined || second === undefined) return false;
  const cosine = Math.abs(first.reduce((sum, value, axis) => sum + value * (second[axis] ?? 0), 0));
  // Of parallel planes the one is turned or mirrored in the other: no blocks, but two views of the same place.
  return cosine >= besideCosine && cosine < parallelCosine;
}

function byTime(slices: Slice[], name: string): Volume[] {
  const places = slices.every((slice) => slices[0] !== undefined && hasSameOrientation(slices[0], slice))
    ? placesOf(slices)
    : null;
  const numbers = places === null ? null : placeNumbers(places);
  const count = numbers === null ? 0 : Math.max(...numbers) + 1;
  // Without places, with all erased, or in one place: only what was surely a volume of its own is told apart.
  if (numbers === null || count === 1) return ofOneKind(slices).map((group) => ({ slices: group, turns: [] }));
  const times = clusters(slices, (a, b) => a.facts.temporalPosition === b.facts.temporalPosition);
  const thicknesses = clusters(slices, (a, b) => isSameThickness(a.geometry.sliceThickness, b.geometry.sliceThickness));
  return times
    .flatMap((group) => byOverlap(group, ({ facts }) => facts.acquisitionNumber))
    .flatMap((group) => byOverlap(group, ({ facts }) => facts.stackId))
    .flatMap((group) => byOverlap(group, (slice) => thicknesses.findIndex((cluster) => cluster.includes(slice))))
    .flatMap((group) => inTurn(byField(group), "field of view"))
    .flatMap((field) =>
      byTimeInField(field.slices, name).map(({ slices: found, turns }) => ({
        slices: found,
        turns: [...field.turns, ...turns]
      }))
    );
}

function byTimeInField(slices: readonly Slice[], name: string): Volume[] {
  const times = inTurn(
    byOverlap(slices, ({ facts }) => facts.acquisitionTime),
    "time"
  );
  const runs = times.flatMap((volume) => (volume.turns.length === 0 ? byRuns(volume.slices) : [volume]));
  return runs.flatMap((volume) => (volume.turns.length === 0 ? byPlace(volume.slices, name) : [volume]));
}

/** Fields of view beside each other, where they overlap along the normal; behind each other they are told (arrange.ts). */
function byField(slices: readonly Slice[]): Slice[][] {
  const places = placesOf(slices) ?? [];
  const { numbers } = fieldsOf(slices, places);
  const fieldOf = new Map(slices.map((slice, index) => [slice, numbers[index] ?? 0]));
  const fields = byOverlap(slices, (slice) => fieldOf.get(slice) ?? 0).map((field) => field.sort(byInstance));
  const [first, ...rest] = fields.map(([slice]) => slice?.instanceNumber);
  const areNumbered = rest.length > 0 && new Set([first, ...rest]).size === fields.length;
  const placeOf = ([slice]: readonly Slice[]) => slice?.geometry.imagePositionPatient ?? [];
  return fields.sort((a, b) =>
    areNumbered
      ? compare(a[0]?.instanceNumber ?? null, b[0]?.instanceNumber ?? null)
      : firstDifference(placeOf(a), placeOf(b))
  );
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  return a.map((value, index) => value - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function inTurn(groups: readonly (readonly Slice[])[], name: string): Volume[] {
  return groups.map((slices, index) => ({ slices, turns: groups.length > 1 ? [{ name, number: index + 1 }] : [] }));
}

function ofOneKind(slices: Slice[]): Slice[][] {
  const groups = clusters(
    slices,
    (a, b) =>
      a.facts.acquisitionNumber === b.facts.acquisitionNumber && a.facts.temporalPosition === b.facts.temporalPosition
  );
  return groups.length > 1 && groups.every((group) => group.length >= leastStack) ? groups : [slices];
}

/** Acquisitions that lie behind each other are steps of one volume; one that overlaps them begins another. */
function byOverlap(slices: readonly Slice[], valueOf: (slice: Slice) => Value): Slice[][] {
  const places = placesOf(slices) ?? [];
  const spans = [
    ...groupBy(
      slices.map((slice, index) => ({ slice, place: places[index] ?? 0 })),
      ({ slice }) => valueOf(slice)
    )
  ]
    .sort(([a], [b]) => compare(a, b))
    .map(([, members]) => ({
      slices: members.map(({ slice }) => slice),
      from: Math.min(...members.map(({ place }) => place)),
      to: Math.max(...members.map(({ place }) => place))
    }));
  if (spans.length === 1 || areInterleaved(slices, places)) return [[...slices]];
  const volumes: (typeof spans)[] = [];
  for (const span of spans) {
    const free = volumes.find((volume) =>
      volume.every((other) => Math.min(span.to, other.to) - Math.max(span.from, other.from) < 0.01)
    );
    if (free === undefined) volumes.push([span]);
    else free.push(span);
  }
  return volumes.map((volume) => volume.flatMap((span) => span.slices));
}

/**
 * Two passes without a number or time of their own, the places of one between those of the other: numbers run through the
 * volume once, and then again.
 */
function byRuns(slices: readonly Slice[]): Volume[] {
  const whole = [{ slices, turns: [] }];
  const sorted = [...slices].sort(byInstance);
  const places = placesOf(sorted) ?? [];
  if (
    sorted.some(
      ({ instanceNumber }, index) => instanceNumber === null || instanceNumber === sorted[index - 1]?.instanceNumber
    ) ||
    lieSideBySide(sorted, places)
  )
    return whole;
  const steps = places.slice(1).map((place, index) => Math.sign(place - (places[index] ?? 0)));
  const direction = Math.sign(steps.reduce((sum, step) => sum + step, 0));
  const runs: { readonly slice: Slice; readonly place: number }[][] = [[]];
  sorted.forEach((slice, index) => {
    if (index > 0 && steps[index - 1] !== direction) runs.push([]);
    runs.at(-1)?.push({ slice, place: places[index] ?? 0 });
  });
  // Two slices whose numbers are exchanged begin a run as well, but one that goes on where the other ended.
  const extentOf = (all: readonly number[]) => Math.max(...all) - Math.min(...all);
  const areWhole =
    runs.length > 1 &&
    runs.every(
      (run) => run.length >= leastStack && extentOf(run.map(({ place }) => place)) > mostCopies * extentOf(places)
    );
  return areWhole
    ? inTurn(
        runs.map((run) => run.map(({ slice }) => slice)),
        "time"
      )
    : whole;
}

/** MR takes every second slice first, as an acquisition of its own perhaps: then all slices together lie side by side. */
function areInterleaved(slices: readonly Slice[], places: readonly number[]): boolean {
  return slices[0]?.modality === "MR" && lieSideBySide(slices, places);
}

/** Each place once, and as far apart as a slice is thick. */
function lieSideBySide(slices: readonly Slice[], places: readonly number[]): boolean {
  const thickness = slices[0]?.geometry.sliceThickness ?? null;
  const rising = [...places].sort((a, b) => a - b);
  const distances = rising.slice(1).map((place, index) => place - (rising[index] ?? 0));
  const median = medianOf(distances);
  return (
    thickness !== null &&
    median !== null &&
    distances.every((distance) => distance > 0.01) &&
    median >= leastDistance * thickness
  );
}

type Value = string | number | null;

/** What may tell the slices of one place apart, the surest first. */
const attributesOfTime: readonly ((slice: Slice) => Value)[] = [
  ({ facts }) => facts.triggerTime,
  ({ facts }) => facts.cardiacPhase,
  ({ facts }) => facts.frameReferenceTime,
  ({ facts }) => facts.acquisitionNumber,
  ({ facts }) => facts.acquisitionTime,
  ({ facts }) => facts.contentTime
];

/** What differs from slice to slice of some volumes (a Repetition Time that follows the heart), and between volumes of others. */
const otherAttributes: readonly (readonly [name: string, valueOf: (slice: Slice) => Value])[] = [
  ["Repetition Time", ({ facts }) => facts.repetitionTime],
  ["contrast agent", ({ facts }) => facts.contrastAgent],
  ["slice thickness", ({ geometry }) => geometry.sliceThickness],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(
    (index) => ["Dimension Index", ({ facts }: Slice) => facts.dimensions[index] ?? null] as const
  )
];

/** Numbers that are counted through a series. */
const countedThrough: readonly ((slice: Slice) => Value)[] = [
  ({ facts }) => facts.imageIndex,
  ({ instanceNumber, frame, frames }) => (frames > 1 ? frame : instanceNumber)
];

function byPlace(slices: readonly Slice[], name: string): Volume[] {
  const numbers = placeNumbers(placesOf(slices) ?? []);
  const atPlace = [
    ...groupBy(
      slices.map((slice, index) => ({ slice, place: numbers[index] ?? 0 })),
      ({ place }) => place
    ).values()
  ].map((all) => all.map(({ slice }) => slice));
  const turns = Math.max(...atPlace.map((all) => all.length));
  const repeated = atPlace.filter((all) => all.length > 1).length;
  const placeOf = new Map(slices.map((slice, index) => [slice, numbers[index] ?? 0]));
  const placesInOrder = (group: readonly Slice[]) => group.map((slice) => placeOf.get(slice) ?? 0);
  for (const [what, valueOf] of repeated > 1
    ? [...attributesOfTime.map((one) => ["time", one] as const), ...otherAttributes]
    : []) {
    const groups = [...groupBy(slices, valueOf)].sort(([a], [b]) => compare(a, b)).map(([, group]) => group);
    if (groups.length === turns && groups.every((group) => new Set(placesInOrder(group)).size === group.length))
      return inTurn(groups, what);
  }
  if (repeated <= mostCopies * atPlace.length) return [{ slices, turns: [] }];
  for (const valueOf of attributesOfTime) {
    const ranked = inTurns(atPlace, valueOf);
    if (ranked !== null) return inTurn(ranked.turns, "time");
  }
  for (const valueOf of countedThrough) {
    const ranked = inTurns(atPlace, valueOf);
    // Numbers at random may happen to have each place once in their first half, too: those that count go through places in one order.
    if (
      ranked !== null &&
      (!ranked.areBehind ||
        ranked.turns.every((turn) => isSameWay(placesInOrder(turn), placesInOrder(ranked.turns[0] ?? []))))
    )
      return inTurn(ranked.turns, "time");
  }
  throw new MedGemmaError(
    "IMAGE_UNREADABLE",
    `${name} holds up to ${turns} slices at each of ${atPlace.length} places, and nothing in the files shows which of them form one volume. Give the files of one volume.`
  );
}

/** In the same order, from either end; one may have places that the other lacks. */
function isSameWay(places: readonly number[], others: readonly number[]): boolean {
  const shared = places.filter((place) => others.includes(place));
  const forwards = others.filter((place) => places.includes(place));
  return [forwards, forwards.toReversed()].some((order) => order.every((place, index) => place === shared[index]));
}

interface Turns {
  /** By the value. */
  readonly turns: readonly Slice[][];
  /** Whether the value rises volume by volume, not place by place. */
  readonly areBehind: boolean;
}

/**
 * The k-th of each place, by a value that rises volume by volume, or place by place.
 *
 * @returns null for a value that is missing, equal at a place, or in neither order
 */
function inTurns(atPlace: readonly Slice[][], valueOf: (slice: Slice) => Value): Turns | null {
  if (atPlace.flat().some((slice) => valueOf(slice) === null)) return null;
  const sorted = atPlace.map((all) => [...all].sort((a, b) => compare(valueOf(a), valueOf(b))));
  if (
    sorted.some((all) =>
      all.some((slice, index) => index > 0 && compare(valueOf(slice), valueOf(all[index - 1] ?? slice)) === 0)
    )
  )
    return null;
  const turns = Array.from({ length: Math.max(...sorted.map((all) => all.length)) }, (_one, index) =>
    sorted.flatMap((all) => all[index] ?? [])
  );
  const areApart = (groups: readonly Slice[][]) => {
    const ranges = groups
      .map((group) => group.map(valueOf).sort(compare))
      .sort(([a = null], [b = null]) => compare(a, b));
    return ranges.every(([from = null], index) => index === 0 || compare(from, ranges[index - 1]?.at(-1) ?? null) > 0);
  };
  const areBehind = areApart(turns);
  return areBehind || areApart(sorted)
    ? { turns: turns.map((turn) => turn.sort((a, b) => compare(valueOf(a), valueOf(b)))), areBehind }
    : null;
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
