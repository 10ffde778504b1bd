/** Reads a JSON schema as shapes, and collects all that is wrong with it for a grammar: keywords, contradictions, circles. */
import { formatPatterns, formatRanges, unwritableFormats } from "./formats.js";
import { isSchemaObject, unsupportedKeywords, type SchemaObject } from "./keywords.js";
import {
  anyNumber,
  canBeWritten,
  integerRange,
  isEmptyRange,
  largestNumber,
  type NumberRange
} from "./number-grammar.js";
import { textRule } from "./text-rule.js";
import { at, inside, placeOf } from "./places.js";
import type { Json } from "./plain-json.js";
import {
  intersection,
  keyOf,
  meet,
  type ArrayShape,
  type ObjectShape,
  type Places,
  type Property,
  type Shape,
  type StringShape
} from "./shapes.js";

export interface ReaderOptions {
  /** Somebody else checks the finished value: what the grammar cannot enforce may stand in the schema. */
  readonly isCheckedLater: boolean;
  /** Whether a value follows the schema at a pointer. */
  readonly accepts: (pointer: string, value: Json) => boolean;
}

type TypeName = "null" | "boolean" | "number" | "integer" | "string" | "array" | "object";

const typeNames: readonly TypeName[] = ["null", "boolean", "number", "string", "array", "object"];

/** Keywords that speak of one type: a schema without `type` is about those of its keywords. */
const aboutType: Readonly<Record<Exclude<TypeName, "null" | "boolean" | "integer">, readonly string[]>> = {
  number: ["multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  string: ["minLength", "maxLength", "pattern", "format"],
  array: ["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"],
  object: ["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"]
};

/** Alternatives of one value, and sets of places: more is an explosion that no grammar bears. */
const mostShapes = 1000;
const mostMultiples = 500;
const mostPlaces = 3000;
const mostChoices = 100;

export class SchemaReader {
  readonly #root: Json;
  readonly #options: ReaderOptions;
  readonly #shapes = new Map<string, readonly Shape[]>();
  readonly #expanded = new Map<string, readonly Shape[]>();
  readonly #problems = new Set<string>();
  readonly #possible = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #circles = new Map<string, boolean>();
  readonly #contradictions = new Map<string, Places>();
  #comparisons: (() => void)[] = [];

  constructor(root: Json, options: ReaderOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** All that is wrong, each with its place; empty: a grammar can be written. */
  problems(): string[] {
    const reached = this.#reachable([""]);
    for (const compare of this.#comparisons) compare();
    for (const places of reached) for (const shape of this.shapesOf(places)) this.#checkWritable(shape, places);
    if (this.#problems.size === 0 && !this.isPossible([""])) this.#problems.add(this.#whyImpossible());
    return [...this.#problems];
  }

  /** Constants are only those that the schema takes. */
  shapesOf(places: Places): readonly Shape[] {
    const key = keyOf(places);
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    let shapes: readonly Shape[] = anything();
    for (const place of places) shapes = this.#bounded(intersection(shapes, this.#expand(place, [])), place);
    shapes = unique(
      shapes.filter(
        (shape) => shape.kind !== "constant" || places.every((place) => this.#options.accepts(place, shape.value))
      )
    );
    if (shapes.length === 0 && places.length > 1) this.#contradictions.set(key, places);
    this.#shapes.set(key, shapes);
    return shapes;
  }

  /** What is written for a value: what is possible, and of that what the schema is about. */
  writtenShapesOf(places: Places): readonly Shape[] {
    const possible = this.shapesOf(places).filter((shape) => this.isShapePossible(shape));
    const meant = possible.filter(({ isImplied }) => !isImplied);
    return meant.length > 0 ? meant : possible;
  }

  /** Whether a value exists: one that ends, so that a schema that needs itself without end has none. */
  isPossible(places: Places): boolean {
    if (!this.#settled.has(keyOf(places))) this.#settle(places);
    return this.#possible.has(keyOf(places));
  }

  /** The items of a list without repetitions, where they can be listed: such a list is written in their order. */
  choicesOf({ first, rest, isUnique, maxItems }: ArrayShape): readonly Json[] | null {
    if (!isUnique || maxItems <= 1 || first.length > 0 || rest === null) return null;
    const shapes = this.writtenShapesOf(rest);
    // Of objects the order of properties would have to be compared.
    const choices = shapes.flatMap((shape) =>
      shape.kind === "constant" && (typeof shape.value !== "object" || shape.value === null) ? [shape.value] : []
    );
    return choices.length === shapes.length && choices.length <= mostChoices ? choices : null;
  }

  isShapePossible(shape: Shape): boolean {
    return couldBe(shape, (places) => this.isPossible(places));
  }

  /** Whether a value can hold another one of the same places. */
  containsItself(places: Places): boolean {
    const key = keyOf(places);
    const known = this.#circles.get(key);
    if (known !== undefined) return known;
    const inner = this.shapesOf(places).flatMap(innerPlaces);
    const result = inner.some((one) => this.#reachable(one).some((reached) => keyOf(reached) === key));
    this.#circles.set(key, result);
    return result;
  }

  /** The least fixed point: what is possible because what it needs is. */
  #settle(places: Places): void {
    const reachable = this.#reachable(places);
    for (let isNews = true; isNews;) {
      isNews = false;
      for (const one of reachable) {
        if (
          this.#possible.has(keyOf(one)) ||
          !this.shapesOf(one).some((shape) => couldBe(shape, (inner) => this.#possible.has(keyOf(inner))))
        )
          continue;
        this.#possible.add(keyOf(one));
        isNews = true;
      }
    }
    for (const one of reachable) this.#settled.add(keyOf(one));
  }

  #reachable(from: Places): Places[] {
    const found = new Map<string, Places>([[keyOf(from), from]]);
    for (const places of found.values()) {
      if (found.size > mostPlaces) {
        this.#problem("", "too many of its parts are combined with each other");
        break;
      }
      for (const shape of this.shapesOf(places)) for (const inner of innerPlaces(shape)) found.set(keyOf(inner), inner);
    }
    return [...found.values()];
  }

  /** @param stack Places whose reading led here without a step into the value. */
  #expand(pointer: string, stack: readonly string[]): readonly Shape[] {
    if (pointer === noPlace) return [];
    const known = this.#expanded.get(pointer);
    if (known !== undefined) return known;
    const shapes = this.#read(pointer, stack);
    this.#expanded.set(pointer, shapes);
    return shapes;
  }

  #read(pointer: string, stack: readonly string[]): readonly Shape[] {
    const schema = at(this.#root, pointer);
    if (schema === true) return anything();
    if (schema === false) return [];
    if (!isSchemaObject(schema)) {
      this.#problem(pointer, "a schema must be an object");
      return [];
    }
    if (stack.includes(pointer)) {
      this.#problem(pointer, "the schema is defined by itself");
      return [];
    }
    if (!this.#options.isCheckedLater) for (const text of unsupportedKeywords(schema)) this.#problem(pointer, text);
    const nested = [...stack, pointer];
    let shapes = this.#own(pointer, schema, nested);
    const restrict = (others: readonly Shape[]) => {
      const left = this.#bounded(intersection(shapes, others), pointer);
      if (shapes.length > 0 && others.length > 0 && left.length === 0)
        this.#problem(pointer, "its keywords contradict each other, so that no value is left");
      shapes = left;
    };
    if (typeof schema.$ref === "string") restrict(this.#expandReference(pointer, schema.$ref, nested));
    for (const [index] of listOf(schema.allOf).entries())
      restrict(this.#expand(inside(pointer, "allOf", index), nested));
    for (const keyword of ["anyOf", "oneOf"]) {
      if (schema[keyword] === undefined) continue;
      const choices = listOf(schema[keyword]).map((_, index) => this.#expand(inside(pointer, keyword, index), nested));
      if (keyword === "oneOf" && !this.#options.isCheckedLater)
        this.#compareLater(
          pointer,
          choices.map((choice) => intersection(shapes, choice))
        );
      restrict(unique(choices.flat()));
    }
    return shapes.filter((shape) => shape.kind !== "constant" || this.#options.accepts(pointer, shape.value));
  }

  #expandReference(pointer: string, reference: string, stack: readonly string[]): readonly Shape[] {
    const target = pointerOf(reference);
    if (target === null || at(this.#root, target) === undefined) {
      this.#problem(
        pointer,
        `$ref must point to a part of the schema itself, as "#/$defs/name", but is "${reference.slice(0, 80)}"`
      );
      return anything();
    }
    return this.#expand(target, stack);
  }

  /** What the keywords of one schema say, apart from those that hold schemas for the same value. */
  #own(pointer: string, schema: SchemaObject, stack: readonly string[]): readonly Shape[] {
    const named =
      schema.type === undefined ? null : ((Array.isArray(schema.type) ? schema.type : [schema.type]) as TypeName[]);
    const types = named !== null && schema.nullable === true ? [...named, "null" as const] : named;
    const choices =
      schema.const !== undefined ? [schema.const] : schema.enum === undefined ? null : listOf(schema.enum);
    if (choices !== null) {
      const left = choices.filter((value) => this.#options.accepts(pointer, value));
      const keyword = schema.const !== undefined ? "const" : "enum";
      if (left.length === 0)
        this.#problem(
          pointer,
          keyword === "const"
            ? "the value of const breaks the keywords beside it"
            : "every value of enum breaks the keywords beside it"
        );
      return left.map((value) => ({ kind: "constant", value, isImplied: false }));
    }
    const subject = typeNames.filter(
      (type) =>
        (aboutType as Readonly<Record<string, readonly string[]>>)[type]?.some(
          (keyword) => schema[keyword] !== undefined
        ) === true
    );
    return [...new Set(types ?? typeNames)].flatMap((type): Shape[] => {
      const isImplied = types === null && !subject.includes(type);
      if (type === "null") return [{ kind: "constant", value: null, isImplied }];
      if (type === "boolean") return [true, false].map((value) => ({ kind: "constant", value, isImplied }));
      const multiples = type === "number" || type === "integer" ? multiplesOf(schema, type) : null;
      if (multiples !== null)
        return multiples
          .filter((value) => this.#options.accepts(pointer, value))
          .map((value) => ({ kind: "constant", value, isImplied }));
      const shape = {
        number: numberShape,
        integer: numberShape,
        string: stringShape,
        array: arrayShape,
        object: objectShape
      }[type](schema, pointer, type, {
        contradiction: (text) => this.#problem(pointer, text),
        unsupported: (text) => {
          if (!this.#options.isCheckedLater) this.#problem(pointer, text);
        },
        names: () =>
          schema.propertyNames === undefined ? null : namesAmong(this.#expand(inside(pointer, "propertyNames"), stack))
      });
      return shape === null ? [] : [{ ...shape, isImplied }];
    });
  }

  /** A value may follow one choice of oneOf alone. What is written follows one; it must not follow another as well. */
  #compareLater(pointer: string, choices: readonly (readonly Shape[])[]): void {
    this.#comparisons.push(() => {
      const pairs = choices.flatMap((a, i) => choices.slice(i + 1).map((b, j) => [i, i + 1 + j, a, b] as const));
      const overlapping = pairs.find(([, , a, b]) => this.#mayFollow(a, b) || this.#mayFollow(b, a));
      if (overlapping === undefined) return;
      this.#problem(
        pointer,
        `a value can follow choices ${overlapping[0]} and ${overlapping[1]} of oneOf at once; use anyOf, or make a required property "const" in each`
      );
    });
  }

  /** Whether a value that is written by a shape of `a` may follow one of `b`. Constants are tried with the whole oneOf. */
  #mayFollow(a: readonly Shape[], b: readonly Shape[]): boolean {
    const written = a.filter(({ isImplied }) => !isImplied);
    return (written.length > 0 ? written : a).some((one) =>
      b.some((other) => {
        if (one.kind === "constant") return false;
        const common = other.kind === "constant" ? null : meet(one, other);
        if (common === null || !this.isShapePossible(common)) return false;
        if (one.kind !== "object" || other.kind !== "object" || common.kind !== "object") return true;
        // Only named properties are written, and all of them but those that may be left out.
        const names = [...one.properties]
          .filter(([, { isRequired, isFree }]) => isRequired || !isFree)
          .map(([name]) => name);
        if (
          one.additional === null &&
          [...other.properties].some(([name, { isRequired }]) => isRequired && !one.properties.has(name))
        )
          return false;
        return names.every((name) => this.isPossible(common.properties.get(name)?.places ?? []));
      })
    );
  }

  #checkWritable(shape: Shape, places: Places): void {
    const [place = ""] = places;
    if (shape.kind === "string") {
      const reason = this.#options.isCheckedLater ? null : whyUnwritable(shape);
      if (reason !== null) this.#problem(place, reason);
    }
    if (shape.kind === "number" && !isEmptyRange(shape.range) && !canBeWritten(shape.range)) {
      this.#problem(
        place,
        `the bounds need more than 15 digits, or leave only numbers beyond ±${largestNumber}, which are never written`
      );
    }
    if (shape.kind === "array" && shape.isUnique && shape.maxItems > 1) {
      const choices = this.choicesOf(shape);
      if (choices !== null && choices.length < shape.minItems)
        this.#problem(
          place,
          `minItems ${shape.minItems} is above the ${choices.length} different items that there are`
        );
      if (choices === null && !this.#options.isCheckedLater)
        this.#problem(place, `"uniqueItems" can be enforced only for items from a list (enum, up to ${mostChoices})`);
    }
    if (shape.kind === "object" && !this.#options.isCheckedLater) {
      for (const [name, { places: inner, isRequired }] of shape.properties) {
        if (isRequired && inner.length === 0)
          this.#problem(place, `the required ${JSON.stringify(name.slice(0, 60))} has no schema in properties`);
      }
    }
  }

  #whyImpossible(): string {
    if (this.shapesOf([""]).length === 0) return "at $, no value can follow it";
    const [contradiction] = this.#contradictions.values();
    if (contradiction === undefined)
      return "at $, no finite value can follow it: something required contains itself, or cannot exist";
    const [place = "", other = ""] = contradiction;
    return `at ${placeOf(place)}, no value can follow both this and ${placeOf(other)}`;
  }

  #bounded(shapes: readonly Shape[], pointer: string): readonly Shape[] {
    if (shapes.length <= mostShapes) return shapes;
    this.#problem(pointer, `more than ${mostShapes} alternatives come together`);
    return shapes.slice(0, mostShapes);
  }

  #problem(pointer: string, text: string): void {
    this.#problems.add(`at ${placeOf(pointer)}, ${text}`);
  }
}

/** The JSON pointer of a reference into the same schema. */
export function pointerOf(reference: string): string | null {
  if (reference === "#" || reference === "") return "";
  if (!reference.startsWith("#/")) return null;
  try {
    return decodeURIComponent(reference.slice(1));
  } catch {
    return null;
  }
}

function anything(): Shape[] {
  const range = anyNumber;
  return [
    ...[null, true, false].map((value): Shape => ({ kind: "constant", value, isImplied: true })),
    { kind: "number", isInteger: false, range, isImplied: true },
    { kind: "string", minLength: 0, maxLength: Infinity, patterns: [], formats: [], isImplied: true },
    { kind: "array", first: [], rest: null, minItems: 0, maxItems: Infinity, isUnique: false, isImplied: true },
    {
      kind: "object",
      properties: new Map(),
      additional: null,
      minProperties: 0,
      maxProperties: Infinity,
      isImplied: true
    }
  ];
}

interface Report {
  readonly contradiction: (text: string) => void;
  readonly unsupported: (text: string) => void;
  /** The only names that an object may have; null: any. */
  readonly names: () => readonly string[] | "unknown" | null;
}

type OwnShape = (schema: SchemaObject, pointer: string, type: TypeName, report: Report) => ShapeWithoutMark | null;
type ShapeWithoutMark = Shape extends infer One ? (One extends Shape ? Omit<One, "isImplied"> : never) : never;

function rangeOf(schema: SchemaObject, isInteger: boolean): NumberRange {
  const [min, max, above, below] = [
    schema.minimum,
    schema.maximum,
    schema.exclusiveMinimum,
    schema.exclusiveMaximum
  ] as (number | undefined)[];
  const [least, most] =
    isInteger && typeof schema.format === "string"
      ? (formatRanges[schema.format] ?? [-Infinity, Infinity])
      : [-Infinity, Infinity];
  const given: NumberRange = {
    least: Math.max(min ?? -Infinity, above ?? -Infinity, least),
    most: Math.min(max ?? Infinity, below ?? Infinity, most),
    withoutLeast: above !== undefined && above >= (min ?? -Infinity) && above >= least,
    withoutMost: below !== undefined && below <= (max ?? Infinity) && below <= most
  };
  return isInteger ? integerRange(given) : given;
}

/** Few enough to be listed; null: they are not, or nothing is said of multiples. */
function multiplesOf(schema: SchemaObject, type: TypeName): readonly number[] | null {
  const { multipleOf: step } = schema;
  if (typeof step !== "number" || step === 1) return null;
  const { least, most } = rangeOf(schema, type === "integer");
  const first = Math.ceil(least / step);
  const count = Math.floor(most / step) - first + 1;
  // Not 0.30000000000000004.
  return count <= mostMultiples
    ? Array.from({ length: Math.max(0, count) }, (_, index) => Number(((first + index) * step).toPrecision(15)))
    : null;
}

const numberShape: OwnShape = (schema, _, type, report) => {
  const isInteger = type === "integer" || schema.multipleOf === 1;
  if (typeof schema.multipleOf === "number" && schema.multipleOf !== 1)
    report.unsupported(
      `"multipleOf" can be enforced only between a minimum and a maximum with up to ${mostMultiples} multiples`
    );
  const range = rangeOf(schema, isInteger);
  if (!isEmptyRange(range)) return { kind: "number", isInteger, range };
  report.contradiction(`no ${isInteger ? "integer" : "number"} lies between its bounds`);
  return null;
};

const stringShape: OwnShape = (schema, _, __, report) => {
  const {
    minLength = 0,
    maxLength = Infinity,
    pattern,
    format
  } = schema as {
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly pattern?: string;
    readonly format?: string;
  };
  if (format !== undefined && unwritableFormats.has(format) && pattern === undefined)
    report.unsupported(
      `the format "${format}" cannot be enforced; those that can are ${Object.keys(formatPatterns).join(", ")}`
    );
  if (minLength > maxLength) {
    report.contradiction(`minLength ${minLength} is above maxLength ${maxLength}`);
    return null;
  }
  const isWritable = format !== undefined && formatPatterns[format] !== undefined;
  return {
    kind: "string",
    minLength,
    maxLength,
    patterns: pattern === undefined ? [] : [pattern],
    formats: isWritable ? [format] : []
  };
};

const arrayShape: OwnShape = (schema, pointer, _, report) => {
  const { minItems = 0, maxItems = Infinity } = schema as { readonly minItems?: number; readonly maxItems?: number };
  // Before 2020-12, `items` was both.
  const [list, rest] = Array.isArray(schema.items) ? ["items", "additionalItems"] : ["prefixItems", "items"];
  const first = listOf(schema[list]).map((_item, index) => [inside(pointer, list, index)]);
  if (minItems > maxItems) {
    report.contradiction(`minItems ${minItems} is above maxItems ${maxItems}`);
    return null;
  }
  return {
    kind: "array",
    first,
    rest: schema[rest] === undefined ? null : [inside(pointer, rest)],
    minItems,
    maxItems,
    isUnique: schema.uniqueItems === true
  };
};

const objectShape: OwnShape = (schema, pointer, _, report) => {
  const { minProperties = 0, maxProperties = Infinity } = schema as {
    readonly minProperties?: number;
    readonly maxProperties?: number;
  };
  const required = listOf(schema.required) as string[];
  const others: Places | null =
    schema.additionalProperties === undefined ? null : [inside(pointer, "additionalProperties")];
  const properties = new Map<string, Property>();
  for (const name of Object.keys(isSchemaObject(schema.properties) ? schema.properties : {})) {
    properties.set(name, {
      places: [inside(pointer, "properties", name)],
      isRequired: required.includes(name),
      isFree: false
    });
  }
  for (const name of required)
    if (!properties.has(name)) properties.set(name, { places: others ?? [], isRequired: true, isFree: false });
  const told = report.names();
  const names = told === "unknown" ? null : told;
  if (names !== null)
    for (const [name, property] of properties)
      if (!names.includes(name)) properties.set(name, { ...property, places: [noPlace] });
  if (told === "unknown") report.unsupported("propertyNames can be enforced only as a list of names (enum)");
  for (const name of names ?? [])
    if (!properties.has(name)) properties.set(name, { places: others ?? [], isRequired: false, isFree: true });
  if (minProperties > maxProperties)
    report.contradiction(`minProperties ${minProperties} is above maxProperties ${maxProperties}`);
  if (required.length > maxProperties)
    report.contradiction(`more properties are required than maxProperties ${maxProperties}`);
  const most = names !== null || schema.additionalProperties === false ? properties.size : Infinity;
  if (minProperties > most)
    report.contradiction(`minProperties ${minProperties} is above the ${most} properties that there are`);
  if (minProperties > Math.min(most, maxProperties) || required.length > maxProperties) return null;
  return { kind: "object", properties, additional: names !== null ? [noPlace] : others, minProperties, maxProperties };
};

/** In place of a pointer: the schema that nothing follows. */
const noPlace = "(nothing)";

function namesAmong(shapes: readonly Shape[]): readonly string[] | "unknown" | null {
  const texts = shapes.filter(({ kind }) => kind === "string") as readonly StringShape[];
  const isAny = texts.some(
    ({ minLength, maxLength, patterns, formats }) =>
      minLength === 0 && maxLength === Infinity && patterns.length + formats.length === 0
  );
  if (isAny) return null;
  return texts.length > 0
    ? "unknown"
    : shapes.flatMap((shape) => (shape.kind === "constant" && typeof shape.value === "string" ? [shape.value] : []));
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function innerPlaces(shape: Shape): readonly Places[] {
  if (shape.kind === "array")
    return [
      ...shape.first,
      ...(shape.rest === null
        ? shape.first.length === 0 || shape.minItems > shape.first.length
          ? [[]]
          : []
        : [shape.rest])
    ];
  if (shape.kind !== "object") return [];
  const additional = shape.additional ?? (writesAnyProperty(shape) ? [] : null);
  return [...[...shape.properties.values()].map(({ places }) => places), ...(additional === null ? [] : [additional])];
}

/** An object of which nothing more is said holds what the model likes. */
export function writesAnyProperty({ properties, additional, minProperties }: ObjectShape): boolean {
  return additional === null && (properties.size === 0 || minProperties > properties.size);
}

/** How many items an array can have, by what is possible of its items. */
export function itemsOf({ first, rest, maxItems }: ArrayShape, isPossible: (places: Places) => boolean): number {
  const impossible = first.findIndex((places) => !isPossible(places));
  if (impossible >= 0) return Math.min(maxItems, impossible);
  return rest !== null && !isPossible(rest) ? Math.min(maxItems, first.length) : maxItems;
}

function couldBe(shape: Shape, isPossible: (places: Places) => boolean): boolean {
  switch (shape.kind) {
    case "constant":
      return true;
    case "number":
      return !isEmptyRange(shape.isInteger ? integerRange(shape.range) : shape.range);
    case "string":
      return shape.minLength <= shape.maxLength && whyUnwritable(shape) !== noText;
    case "array":
      return shape.minItems <= itemsOf(shape, isPossible);
    case "object": {
      const properties = [...shape.properties.values()];
      const named = properties.filter(({ places }) => isPossible(places)).length;
      const most = shape.additional !== null && !isPossible(shape.additional) ? named : Infinity;
      const required = properties.filter(({ isRequired }) => isRequired);
      return (
        required.every(({ places }) => isPossible(places)) &&
        required.length <= shape.maxProperties &&
        shape.minProperties <= Math.min(most, shape.maxProperties)
      );
    }
  }
}

const noText = "no text of that length follows its pattern or format";

function whyUnwritable(shape: StringShape): string | null {
  if (shape.patterns.length > 1 || shape.formats.length > 1)
    return "several patterns or formats of one text cannot be enforced together";
  const rule = textRule(shape);
  return rule === null ? noText : typeof rule === "string" ? rule : null;
}

function unique(shapes: readonly Shape[]): readonly Shape[] {
  const seen = new Set<string>();
  return shapes.filter((shape) => {
    if (shape.kind !== "constant") return true;
    const key = JSON.stringify(shape.value);
    return !seen.has(key) && seen.add(key);
  });
}
