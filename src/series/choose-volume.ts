/** The volumes of one series → the one that is taken. Of volumes that are about as large none is guessed. */
import { MedGemmaError } from "../errors.js";
import { counted } from "./choose-series.js";
import { distinctions, distinctionsInTime } from "./distinctions.js";
import { groupBy } from "../shared/group-by.js";
import { hasSameOrientation } from "./places.js";
import { byInstance, type Turn, type Volume } from "./split-volumes.js";
import type { LeftOut, Slice } from "./types.js";

export interface ChosenVolume {
  readonly slices: readonly Slice[];
  /** From 1, in the order of the list. */
  readonly number: number;
  readonly of: number;
  /** Whether it was chosen, and not the only one of its size. */
  readonly isAsked: boolean;
  /** By what it differs from the others, for a person: "Echo Time 10 ms". */
  readonly facts: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** A volume that has fewer slices than this share of the largest is a scout, a sample or a scan that was broken off. */
const leastShare = 0.5;

/**
 * @param number From 1, as the error lists them.
 * @throws MedGemmaError INVALID_ARGUMENT when there are several and none is chosen
 */
export function chooseVolume(found: readonly Volume[], number: number | undefined, name: string): ChosenVolume {
  const volumes = [...found].sort(byFacts);
  const largest = volumes.reduce((most, volume) => (volume.slices.length > most.slices.length ? volume : most));
  const isAlone = volumes.every(
    (volume) => volume === largest || volume.slices.length < leastShare * largest.slices.length
  );
  const chosen = number === undefined ? (isAlone ? largest : undefined) : volumes[number - 1];
  if (chosen === undefined) throw choiceNeeded(volumes, number, name);
  const others = volumes.filter((volume) => volume !== chosen);
  const counts = groupBy(
    others.flatMap((volume) => volume.slices.map(() => differenceOf(volume, chosen))),
    (difference) => difference
  );
  const leftOut = [...counts]
    .sort(([a], [b]) => differences.indexOf(a) - differences.indexOf(b))
    .flatMap(([difference, all]) => counted(all.length, `of another ${difference}`));
  return {
    slices: chosen.slices,
    number: volumes.indexOf(chosen) + 1,
    of: volumes.length,
    isAsked: number !== undefined,
    facts: describeDifferences(volumes)[volumes.indexOf(chosen)] ?? [],
    leftOut
  };
}

/** What can tell two volumes apart, the plainest first; before them all what differs between slices of one place. */
const differences = [
  ...distinctions.filter(({ ofPicture }) => ofPicture).map(({ name }) => name),
  "orientation",
  ...[...distinctions.filter(({ ofPicture }) => !ofPicture), ...distinctionsInTime].map(({ name }) => name)
];

/** The first that does. */
function differenceOf({ slices: [a], turns: turnsOfA }: Volume, { slices: [b], turns: turnsOfB }: Volume): string {
  if (a === undefined || b === undefined) return "volume";
  const found =
    distinctions.find(({ same }) => !same(a, b)) ??
    (hasSameOrientation(a, b) ? distinctionsInTime.find(({ same }) => !same(a, b)) : { name: "orientation" });
  return (
    found?.name ??
    [...turnsOfA, ...turnsOfB].find(({ name, number }) =>
      turnsOfA.concat(turnsOfB).some((other) => other.name === name && other.number !== number)
    )?.name ??
    "volume"
  );
}

/** So that the list is the same every time, whatever the files are called: in the order of the scan. */
function byFacts(a: Volume, b: Volume): number {
  const [first, second] = [a.slices[0], b.slices[0]];
  if (first === undefined || second === undefined) return 0;
  const numbersOf = ({ facts }: Slice, turns: readonly Turn[]) => [
    facts.temporalPosition,
    facts.acquisitionNumber,
    facts.echoNumber,
    facts.echoTime,
    facts.inversionTime,
    facts.flipAngle,
    facts.kvp,
    facts.bValue,
    ...turns.map(({ number }) => number)
  ];
  const [ofFirst, ofSecond] = [numbersOf(first, a.turns), numbersOf(second, b.turns)];
  const difference = ofFirst.map((value, index) => (value ?? -1) - (ofSecond[index] ?? -1)).find((one) => one !== 0);
  const inFile =
    (first.instanceNumber ?? 0) - (second.instanceNumber ?? 0) ||
    (first.path === second.path ? byInstance(first, second) : 0);
  return difference ?? (inFile || byText(first, second) || byInstance(first, second));
}

function byText(a: Slice, b: Slice): number {
  const [first, second] = [a, b].map(({ facts, rows, columns, geometry }) =>
    JSON.stringify([
      facts.imageType,
      facts.component,
      facts.kernel,
      facts.stackId,
      rows,
      columns,
      geometry.pixelSpacing,
      geometry.imageOrientationPatient,
      facts.gradient
    ])
  );
  return first === second ? 0 : (first ?? "") < (second ?? "") ? -1 : 1;
}

function choiceNeeded(volumes: readonly Volume[], number: number | undefined, name: string): MedGemmaError {
  const listed = describeDifferences(volumes).map((facts, index) => {
    const count = volumes[index]?.slices.length ?? 0;
    return [`${index + 1}: ${count === 1 ? "1 slice" : `${count} slices`}`, ...facts].join(", ");
  });
  const shown = listed.length > 20 ? [...listed.slice(0, 20), "…"] : listed;
  const what = number === undefined ? "Choose one with the option volume" : `There is no volume ${number}`;
  return new MedGemmaError(
    "INVALID_ARGUMENT",
    `${name} holds ${volumes.length === 1 ? "1 volume" : `${volumes.length} volumes in one series`} (${shown.join("; ")}). ${what}.`,
    { remedy: { option: "volume" } }
  );
}

/** For each volume its values of all that is not equal in all of them: "Echo Time 10 ms". */
function describeDifferences(volumes: readonly Volume[]): string[][] {
  const heads = volumes.flatMap(({ slices }) => slices[0] ?? []);
  const [first] = heads;
  const telling =
    first === undefined
      ? []
      : [...distinctions, ...distinctionsInTime].filter(({ same }) => heads.some((head) => !same(first, head)));
  const areTurned = first !== undefined && heads.some((head) => !hasSameOrientation(first, head));
  const arePlanesTold = new Set(heads.map(planeOf)).size === heads.length;
  return volumes.map(({ slices: [head], turns }) => {
    if (head === undefined) return [];
    const facts = telling.flatMap(({ name, describe }) => {
      const value = describe(head);
      return value === null ? [] : [`${name} ${value}`];
    });
    const plane = areTurned ? [arePlanesTold ? planeOf(head) : `${planeOf(head)}${directionsOf(head)}`] : [];
    return [...plane, ...facts, ...turns.map((turn) => `${turn.name} ${turn.number}`)];
  });
}

/** Towards which side of the patient rows and columns run, as Patient Orientation has it (PS3.3 C.7.6.1.1.1): stacks of one plane may be turned. */
function directionsOf({ geometry: { imageOrientationPatient } }: Slice): string {
  if (imageOrientationPatient === null) return "";
  const letterOf = (cosines: readonly number[]) => {
    const axis = cosines.map(Math.abs).indexOf(Math.max(...cosines.map(Math.abs)));
    return ((cosines[axis] ?? 0) > 0 ? "LPH" : "RAF").charAt(axis);
  };
  return ` ${letterOf(imageOrientationPatient.slice(0, 3))}\\${letterOf(imageOrientationPatient.slice(3))}`;
}

/** The plane that is nearest. */
function planeOf({ geometry: { imageOrientationPatient } }: Slice): string {
  if (imageOrientationPatient === null) return "no orientation";
  const [rx = 0, ry = 0, rz = 0, cx = 0, cy = 0, cz = 0] = imageOrientationPatient;
  const normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx].map(Math.abs);
  const most = normal.indexOf(Math.max(...normal));
  return ["sagittal", "coronal", "axial"][most] ?? "";
}
