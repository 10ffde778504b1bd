/** The volumes of one series → the one that is taken. Of volumes that are about as large none is guessed. */
import { MedGemmaError } from "../errors.js";
import { counted } from "./choose-series.js";
import { distinctions, distinctionsInTime } from "./distinctions.js";
import { groupBy } from "../group-by.js";
import { hasSameOrientation } from "./places.js";
import { byInstance, type Volume } from "./split-volumes.js";
import type { LeftOut, Slice } from "./types.js";

export interface ChosenVolume {
  readonly slices: readonly Slice[];
  /** From 1, in the order of the list. */
  readonly number: number;
  readonly of: number;
  /** Whether it was chosen, and not the only one of its size. */
  readonly isAsked: boolean;
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
  const isAlone = volumes.every((volume) => volume === largest || volume.slices.length < leastShare * largest.slices.length);
  const chosen = number === undefined ? (isAlone ? largest : undefined) : volumes[number - 1];
  if (chosen === undefined) throw choiceNeeded(volumes, number, name);
  const others = volumes.filter((volume) => volume !== chosen);
  const counts = groupBy(others.flatMap((volume) => volume.slices.map(() => differenceOf(volume, chosen))), (difference) => difference);
  const leftOut = differences.flatMap((difference) => counted(counts.get(difference)?.length ?? 0, `of another ${difference}`));
  return { slices: chosen.slices, number: volumes.indexOf(chosen) + 1, of: volumes.length, isAsked: number !== undefined, leftOut };
}

/** All that can tell two volumes apart, the plainest first. */
const differences = [...distinctions.filter(({ ofPicture }) => ofPicture).map(({ name }) => name), "orientation", ...[...distinctions.filter(({ ofPicture }) => !ofPicture), ...distinctionsInTime].map(({ name }) => name), "time", "volume"];

/** The first that does. */
function differenceOf({ slices: [a], turn: turnOfA }: Volume, { slices: [b], turn: turnOfB }: Volume): string {
  if (a === undefined || b === undefined) return "volume";
  const found = distinctions.find(({ same }) => !same(a, b)) ?? (hasSameOrientation(a, b) ? distinctionsInTime.find(({ same }) => !same(a, b)) : { name: "orientation" });
  return found?.name ?? (turnOfA === turnOfB ? "volume" : "time");
}

/** So that the list is the same every time, in the order of the scan. */
function byFacts(a: Volume, b: Volume): number {
  const [first, second] = [a.slices[0], b.slices[0]];
  if (first === undefined || second === undefined) return 0;
  const values = ({ facts }: Slice, turn: number | null) => [facts.temporalPosition, facts.acquisitionNumber, facts.echoNumber, facts.echoTime, facts.bValue, turn];
  const [ofFirst, ofSecond] = [values(first, a.turn), values(second, b.turn)];
  const difference = ofFirst.map((value, index) => (value ?? -1) - (ofSecond[index] ?? -1)).find((one) => one !== 0);
  return difference ?? byInstance(first, second);
}

function choiceNeeded(volumes: readonly Volume[], number: number | undefined, name: string): MedGemmaError {
  const heads = volumes.flatMap(({ slices }) => slices[0] ?? []);
  const [first] = heads;
  const telling = first === undefined ? [] : [...distinctions, ...distinctionsInTime].filter(({ same }) => heads.some((head) => !same(first, head)));
  const areTurned = first !== undefined && heads.some((head) => !hasSameOrientation(first, head));
  const listed = volumes.map(({ slices, turn }, index) => {
    const [head] = slices;
    const facts = head === undefined ? [] : telling.flatMap(({ name: what, describe }) => {
      const value = describe(head);
      return value === null ? [] : [`${what} ${value}`];
    });
    const plane = areTurned && head !== undefined ? [planeOf(head)] : [];
    return [`${index + 1}: ${slices.length === 1 ? "1 slice" : `${slices.length} slices`}`, ...plane, ...facts, ...(turn === null ? [] : [`time ${turn}`])].join(", ");
  });
  const shown = listed.length > 20 ? [...listed.slice(0, 20), "…"] : listed;
  const what = number === undefined ? "Choose one with --volume" : `There is no volume ${number}`;
  return new MedGemmaError("INVALID_ARGUMENT", `${name} holds ${volumes.length === 1 ? "1 volume" : `${volumes.length} volumes in one series`} (${shown.join("; ")}). ${what}.`);
}

/** The plane that is nearest. */
function planeOf({ geometry: { imageOrientationPatient } }: Slice): string {
  if (imageOrientationPatient === null) return "no orientation";
  const [rx = 0, ry = 0, rz = 0, cx = 0, cy = 0, cz = 0] = imageOrientationPatient;
  const normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx].map(Math.abs);
  const most = normal.indexOf(Math.max(...normal));
  return ["sagittal", "coronal", "axial"][most] ?? "";
}
