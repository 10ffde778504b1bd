/**
 * Makes sure that an answer can be held to a JSON schema. node-llama-cpp turns a part of JSON Schema into a grammar and
 * passes over the rest without a word, so an answer could break a rule that the user believes in: such a schema is refused.
 */
import { MedGemmaError } from "../errors.js";
import type { NumberRange } from "./number-grammar.js";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What node-llama-cpp 3.21.1 enforces (dist/utils/gbnfJson/types.d.ts), and the bounds of numbers that we add. */
const enforced = new Set([
  ...["type", "const", "enum", "oneOf", "anyOf", "$ref", "$defs"],
  ...["properties", "additionalProperties", "minProperties", "maxProperties"],
  ...["items", "prefixItems", "minItems", "maxItems"],
  ...["minLength", "maxLength", "format"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
]);

/** Words about the value that ask nothing of it; and `required`, as every property is always written. */
const harmless = new Set(["title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "required"]);

const types = new Set<unknown>(["object", "array", "string", "number", "integer", "boolean", "null"]);
const formats = new Set<unknown>(["date-time", "time", "date"]);

export interface SchemaCheckOptions {
  /** Somebody else checks the finished value: what the grammar cannot enforce may stand in the schema. */
  readonly isCheckedLater: boolean;
}

/** @throws MedGemmaError SCHEMA_INVALID that names the place in the schema */
export function checkSchema(schema: object, options: SchemaCheckOptions): void {
  const { $defs = {} } = schema as JsonSchema;
  new SchemaCheck(isSchema($defs) ? new Set(Object.keys($defs)) : new Set(), options).check(schema, "$");
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isEnforced(keyword: string, value: unknown): boolean {
  return keyword === "format" ? formats.has(value) : enforced.has(keyword);
}

/** The bounds of a number that the grammar enforces; null when they cannot be: those of a fraction must be whole. */
export function numberRange({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): NumberRange | null {
  const isInteger = type === "integer";
  const bounds = [minimum, maximum, exclusiveMinimum, exclusiveMaximum];
  if (bounds.some((bound) => bound !== undefined && typeof bound !== "number")) return null;
  const [min, max, above, below] = bounds as (number | undefined)[];
  const least = isInteger ? Math.max(Math.ceil(min ?? -Infinity), Math.floor(above ?? -Infinity) + 1) : (min ?? -Infinity);
  const most = isInteger ? Math.min(Math.floor(max ?? Infinity), Math.ceil(below ?? Infinity) - 1) : (max ?? Infinity);
  const areWhole = [least, most].every((bound) => Number.isInteger(bound) || Math.abs(bound) === Infinity);
  return areWhole && least <= most && (isInteger || (above ?? below) === undefined) ? { least, most } : null;
}

class SchemaCheck {
  readonly #definitions: ReadonlySet<string>;
  readonly #isCheckedLater: boolean;

  constructor(definitions: ReadonlySet<string>, { isCheckedLater }: SchemaCheckOptions) {
    this.#definitions = definitions;
    this.#isCheckedLater = isCheckedLater;
  }

  check(schema: unknown, at: string): void {
    if (!isSchema(schema)) fail(at, "expected a schema object");
    this.#checkKeywords(schema, at);
    this.#checkType(schema, at);
    const { $ref } = schema;
    if ($ref !== undefined && !(typeof $ref === "string" && this.#definitions.has($ref.replace(/^#\/\$defs\//, "")))) {
      fail(at, `$ref must name one of the schema's own $defs ("#/$defs/name")`);
    }
    for (const keyword of ["properties", "$defs"]) this.#checkMap(schema[keyword], `${at}.${keyword}`);
    for (const keyword of ["oneOf", "anyOf", "prefixItems"]) this.#checkList(schema[keyword], `${at}.${keyword}`);
    const { items, prefixItems, additionalProperties } = schema;
    const endsTuple = items === false && prefixItems !== undefined;
    if (items !== undefined && !endsTuple) this.check(items, `${at}.items`);
    if (typeof additionalProperties === "object") this.check(additionalProperties, `${at}.additionalProperties`);
  }

  #checkKeywords(schema: JsonSchema, at: string): void {
    if (this.#isCheckedLater) return;
    for (const keyword of Object.keys(schema)) {
      if (!enforced.has(keyword) && !harmless.has(keyword)) fail(at, `the keyword "${keyword}" cannot be enforced`);
    }
    if (schema.format !== undefined && !formats.has(schema.format)) fail(at, `format must be ${[...formats].join(", ")}`);
    if (numberRange(schema) === null) fail(at, "the bounds of a number must be whole and not exclusive, those of an integer must leave one");
  }

  #checkType({ type, const: constant, enum: choices, oneOf, anyOf, $ref }: JsonSchema, at: string): void {
    const isKnown = Array.isArray(type) ? type.length > 0 && type.every((one) => types.has(one)) : types.has(type);
    if (type !== undefined && !isKnown) fail(at, `type must be ${[...types].join(", ")}`);
    if ([type, constant, choices, oneOf, anyOf, $ref].every((keyword) => keyword === undefined)) {
      fail(at, "one of type, const, enum, oneOf, anyOf and $ref is needed");
    }
    if (choices !== undefined && !(Array.isArray(choices) && choices.length > 0)) fail(at, "enum must be a list of values");
  }

  #checkMap(map: unknown, at: string): void {
    if (map === undefined) return;
    if (!isSchema(map)) fail(at, "expected an object of schemas");
    for (const [name, schema] of Object.entries(map)) this.check(schema, `${at}.${name}`);
  }

  #checkList(list: unknown, at: string): void {
    if (list === undefined) return;
    if (!Array.isArray(list) || list.length === 0) fail(at, "expected a list of schemas");
    for (const [index, schema] of (list as unknown[]).entries()) this.check(schema, `${at}[${index}]`);
  }
}

function fail(at: string, why: string): never {
  throw new MedGemmaError("SCHEMA_INVALID", `The JSON schema cannot be used: at ${at}, ${why}. Leave it out, or check it in the answer yourself.`);
}
