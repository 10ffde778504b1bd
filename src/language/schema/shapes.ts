/**
 * What a value may look like. A JSON schema says it by keywords that all count at once; here they are one list of alternatives,
 * which can be intersected, compared and written as a grammar.
 */
import type { Json } from "./plain-json.js";
import type { NumberRange } from "./number-grammar.js";

/**
 * Places of the schema that a value must follow all together: JSON pointers, "" the whole. None: any value. Naming a schema
 * inside by its places, not by what it says, is what lets a schema contain itself.
 */
export type Places = readonly string[];

export interface Property {
  readonly places: Places;
  readonly isRequired: boolean;
  /** The model may leave it out; all other properties are always written. */
  readonly isFree: boolean;
}

export interface ConstantShape {
  readonly kind: "constant";
  readonly value: Json;
}

export interface NumberShape {
  readonly kind: "number";
  readonly isInteger: boolean;
  readonly range: NumberRange;
}

/** Lengths in code points. */
export interface StringShape {
  readonly kind: "string";
  readonly minLength: number;
  readonly maxLength: number;
  /** Regular expressions. */
  readonly patterns: readonly string[];
  /** Names of `formatPatterns`. */
  readonly formats: readonly string[];
}

export interface ArrayShape {
  readonly kind: "array";
  readonly first: readonly Places[];
  /** Of the items behind `first`; null: nothing is said about them. */
  readonly rest: Places | null;
  readonly minItems: number;
  readonly maxItems: number;
  /** No item comes twice. */
  readonly isUnique: boolean;
}

export interface ObjectShape {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, Property>;
  /** Of all other properties; null: nothing is said about them. */
  readonly additional: Places | null;
  readonly minProperties: number;
  readonly maxProperties: number;
}

/** `isImplied`: allowed only because the schema does not name a type. Such shapes give way to those that it is about. */
export type Shape = (ConstantShape | NumberShape | StringShape | ArrayShape | ObjectShape) & {
  readonly isImplied: boolean;
};

export function keyOf(places: Places): string {
  return JSON.stringify(places);
}

export function both(a: Places, b: Places): Places {
  return [...new Set([...a, ...b])].sort();
}

/** All values that follow one of `a` and one of `b`. Constants are kept where the kinds agree: whoever has the schema tries them. */
export function intersection(a: readonly Shape[], b: readonly Shape[]): Shape[] {
  return a.flatMap((one) => b.flatMap((other) => meet(one, other) ?? []));
}

/** null: no value follows both. Whether the schemas inside contradict each other is not looked at. */
export function meet(a: Shape, b: Shape): Shape | null {
  const isImplied = a.isImplied && b.isImplied;
  if (a.kind === "constant" || b.kind === "constant") {
    const [constant, other] = a.kind === "constant" ? [a, b] : [b as ConstantShape, a];
    const agrees =
      other.kind === "constant"
        ? JSON.stringify(other.value) === JSON.stringify(constant.value)
        : kindOf(constant.value) === other.kind;
    return agrees ? { ...constant, isImplied } : null;
  }
  if (a.kind === "number" && b.kind === "number")
    return { kind: "number", isInteger: a.isInteger || b.isInteger, range: narrower(a.range, b.range), isImplied };
  if (a.kind === "string" && b.kind === "string") {
    return {
      kind: "string",
      minLength: Math.max(a.minLength, b.minLength),
      maxLength: Math.min(a.maxLength, b.maxLength),
      patterns: [...new Set([...a.patterns, ...b.patterns])],
      formats: [...new Set([...a.formats, ...b.formats])],
      isImplied
    };
  }
  if (a.kind === "array" && b.kind === "array") return { ...meetArrays(a, b), isImplied };
  if (a.kind === "object" && b.kind === "object") return { ...meetObjects(a, b), isImplied };
  return null;
}

export function kindOf(value: Json): Shape["kind"] {
  if (value === null || typeof value === "boolean") return "constant";
  return Array.isArray(value) ? "array" : (typeof value as "number" | "string" | "object");
}

function narrower(a: NumberRange, b: NumberRange): NumberRange {
  const least = Math.max(a.least, b.least);
  const most = Math.min(a.most, b.most);
  return {
    least,
    most,
    withoutLeast: (a.least === least && a.withoutLeast) || (b.least === least && b.withoutLeast),
    withoutMost: (a.most === most && a.withoutMost) || (b.most === most && b.withoutMost)
  };
}

function meetArrays(a: ArrayShape, b: ArrayShape): ArrayShape {
  const length = Math.max(a.first.length, b.first.length);
  const itemOf = (array: ArrayShape, index: number) => array.first[index] ?? array.rest ?? [];
  return {
    kind: "array",
    first: Array.from({ length }, (_, index) => both(itemOf(a, index), itemOf(b, index))),
    rest: bothOrNull(a.rest, b.rest),
    minItems: Math.max(a.minItems, b.minItems),
    maxItems: Math.min(a.maxItems, b.maxItems),
    isUnique: a.isUnique || b.isUnique
  };
}

function meetObjects(a: ObjectShape, b: ObjectShape): ObjectShape {
  const propertyOf = (object: ObjectShape, name: string): Property => {
    return object.properties.get(name) ?? { places: object.additional ?? [], isRequired: false, isFree: true };
  };
  const properties = new Map<string, Property>();
  for (const name of [...a.properties.keys(), ...b.properties.keys()]) {
    const [one, other] = [propertyOf(a, name), propertyOf(b, name)];
    properties.set(name, {
      places: both(one.places, other.places),
      isRequired: one.isRequired || other.isRequired,
      isFree: one.isFree && other.isFree
    });
  }
  return {
    kind: "object",
    properties,
    additional: bothOrNull(a.additional, b.additional),
    minProperties: Math.max(a.minProperties, b.minProperties),
    maxProperties: Math.min(a.maxProperties, b.maxProperties)
  };
}

function bothOrNull(a: Places | null, b: Places | null): Places | null {
  return a === null ? b : b === null ? a : both(a, b);
}
