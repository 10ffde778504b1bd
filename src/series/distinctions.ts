/** What tells slices of different volumes apart, whatever places they have: each with its name, for messages. */
import type { Slice } from "./types.js";

export interface Distinction {
  /** "Acquisition Number" */
  readonly name: string;
  readonly same: (a: Slice, b: Slice) => boolean;
  /** The value, for a person; null where the file does not say, or says it in free text. */
  readonly describe: (slice: Slice) => string | null;
  /** Of the picture itself: such slices cannot even be shown in a row. */
  readonly ofPicture: boolean;
}

/** Share by which numbers differ that were computed and written with rounding. */
const rounding = 1e-3;

function areSame(a: number | null, b: number | null): boolean {
  return a === null || b === null ? a === b : Math.abs(a - b) <= rounding * Math.max(Math.abs(a), Math.abs(b));
}

function areAllSame(a: readonly number[] | null, b: readonly number[] | null): boolean {
  return a === null || b === null ? a === b : a.every((value, index) => areSame(value, b[index] ?? null));
}

/** Of direction cosines. */
function areParallel(a: readonly number[] | null, b: readonly number[] | null): boolean {
  return a === null || b === null ? a === b : a.every((cosine, axis) => Math.abs(cosine - (b[axis] ?? 0)) < 0.01);
}

function number(name: string, valueOf: (slice: Slice) => number | null, unit = ""): Distinction {
  return {
    name,
    same: (a, b) => areSame(valueOf(a), valueOf(b)),
    describe: (slice) => {
      const value = valueOf(slice);
      return value === null ? null : `${Number(value.toPrecision(6))}${unit}`;
    },
    ofPicture: false
  };
}

export const distinctions: readonly Distinction[] = [
  {
    name: "modality",
    same: (a, b) => a.modality === b.modality,
    describe: ({ modality }) => modality,
    ofPicture: true
  },
  {
    name: "Photometric Interpretation",
    same: (a, b) => a.isColor === b.isColor,
    describe: ({ isColor }) => (isColor ? "colour" : "gray"),
    ofPicture: true
  },
  {
    name: "size",
    same: (a, b) => a.rows === b.rows && a.columns === b.columns,
    describe: ({ rows, columns }) => `${columns} × ${rows}`,
    ofPicture: true
  },
  {
    name: "mosaic",
    same: (a, b) => (a.tile === null && b.tile === null) || a.path === b.path,
    describe: ({ tile, instanceNumber }) =>
      tile === null ? null : `of Instance Number ${instanceNumber ?? "unknown"}`,
    ofPicture: true
  },
  {
    name: "pixel spacing",
    same: (a, b) => areAllSame(a.geometry.pixelSpacing, b.geometry.pixelSpacing),
    describe: ({ geometry }) =>
      geometry.pixelSpacing
        ?.map((mm) => Number(mm.toPrecision(4)))
        .join(" × ")
        .concat(" mm") ?? null,
    ofPicture: true
  },
  {
    name: "Image Type",
    same: (a, b) => a.facts.imageType === b.facts.imageType,
    describe: ({ facts }) => codeOf(facts.imageType),
    ofPicture: true
  },
  {
    name: "component",
    same: (a, b) => a.facts.component === b.facts.component,
    describe: ({ facts }) => codeOf(facts.component),
    ofPicture: true
  },
  {
    name: "kernel",
    same: (a, b) => a.facts.kernel === b.facts.kernel,
    describe: ({ facts }) => kernelOf(facts.kernel),
    ofPicture: true
  },
  number("energy window", ({ facts }) => facts.energyWindow),
  number("detector", ({ facts }) => facts.detector),
  number("KVP", ({ facts }) => facts.kvp),
  number("Echo Number", ({ facts }) => facts.echoNumber),
  number("Echo Time", ({ facts }) => facts.echoTime, " ms"),
  number("Inversion Time", ({ facts }) => facts.inversionTime, " ms"),
  number("Flip Angle", ({ facts }) => facts.flipAngle),
  number("b value", ({ facts }) => facts.bValue),
  {
    name: "gradient",
    same: (a, b) => areParallel(a.facts.gradient, b.facts.gradient),
    describe: ({ facts }) => facts.gradient?.map((cosine) => Number(cosine.toFixed(2))).join(" ") ?? null,
    ofPicture: false
  }
];

/** Told of volumes, but splits them only where they overlap (split-volumes.ts). */
export const distinctionsInTime: readonly Distinction[] = [
  number("Temporal Position", ({ facts }) => facts.temporalPosition),
  number("Acquisition Number", ({ facts }) => facts.acquisitionNumber),
  {
    name: "Stack ID",
    same: (a, b) => a.facts.stackId === b.facts.stackId,
    describe: ({ facts }) => (/^(?:\d{1,4}|[A-Z])$/.test(facts.stackId ?? "") ? facts.stackId : null),
    ofPicture: false
  },
  {
    ...number("slice thickness", ({ geometry }) => geometry.sliceThickness, " mm"),
    same: (a, b) => isSameThickness(a.geometry.sliceThickness, b.geometry.sliceThickness)
  }
];

/** Programs compute it from places, and differ from slice to slice. */
export function isSameThickness(a: number | null, b: number | null): boolean {
  return a === null || b === null ? a === b : Math.abs(a - b) <= 0.05 * Math.max(a, b);
}

/** Free text may stand where a code should, and must not get into a message (PS3.5 6.2: CS). */
function codeOf(text: string | null): string | null {
  return text !== null && /^[A-Z\d_\\ ]{1,64}$/.test(text) ? text : null;
}

/** As makers call theirs: B30f, Br40d\3, FC08, I70f, STANDARD. */
function kernelOf(text: string | null): string | null {
  return text !== null &&
    /^(?:[A-Za-z]{1,3}\d{1,3}[a-z]{0,2}(?:\\\d)?|STANDARD|SOFT|BONE|BONEPLUS|LUNG|DETAIL|EDGE|CHST)$/.test(text)
    ? text
    : null;
}
