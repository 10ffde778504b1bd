/**
 * Makes sure that an answer can be held to a JSON schema. node-llama-cpp turns a part of JSON Schema into a grammar and
 * passes over the rest without a word, so an answer could break a rule that the user believes in: such a schema is refused.
 */
import { MedGemmaError } from "../errors.js";

type Schema = Readonly<Record<string, unknown>>;

/** What node-llama-cpp 3.21.1 enforces (dist/utils/gbnfJson/types.d.ts). */
const enforced = new Set([
  ...["type", "const", "enum", "oneOf", "$ref", "$defs"],
  ...["properties", "additionalProperties", "minProperties", "maxProperties"],
  ...["items", "prefixItems", "minItems", "maxItems"],
  ...["minLength", "maxLength", "format"]
]);

/** Words about the value that ask nothing of it; and `required`, as every property is always written. */
const harmless = new Set(["title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "required"]);

const types = new Set<unknown>(["object", "array", "string", "number", "integer", "boolean", "null"]);
const formats = new Set<unknown>(["date-time", "time", "date"]);

/** @throws MedGemmaError SCHEMA_INVALID that names the place in the schema */
export function checkSchema(schema: object): void {
  const { $defs = {} } = schema as Schema;
  new SchemaCheck(isSchema($defs) ? new Set(Object.keys($defs)) : new Set()).check(schema, "$");
}

class SchemaCheck {
  readonly #definitions: ReadonlySet<string>;

  constructor(definitions: ReadonlySet<string>) {
    this.#definitions = definitions;
  }

  check(schema: unknown, at: string): void {
    if (!isSchema(schema)) fail(at, "expected a schema object");
    for (const keyword of Object.keys(schema)) {
      if (!enforced.has(keyword) && !harmless.has(keyword)) fail(at, `the keyword "${keyword}" cannot be enforced`);
    }
    this.#checkType(schema, at);
    const { $ref, format } = schema;
    if ($ref !== undefined && !(typeof $ref === "string" && this.#definitions.has($ref.replace(/^#\/\$defs\//, "")))) {
      fail(at, `$ref must name one of the schema's own $defs ("#/$defs/name")`);
    }
    if (format !== undefined && !formats.has(format)) fail(at, `format must be ${[...formats].join(", ")}`);
    for (const keyword of ["properties", "$defs"]) this.#checkMap(schema[keyword], `${at}.${keyword}`);
    for (const keyword of ["oneOf", "prefixItems"]) this.#checkList(schema[keyword], `${at}.${keyword}`);
    const { items, additionalProperties } = schema;
    if (items !== undefined) this.check(items, `${at}.items`);
    if (typeof additionalProperties === "object") this.check(additionalProperties, `${at}.additionalProperties`);
  }

  #checkType({ type, const: constant, enum: choices, oneOf, $ref }: Schema, at: string): void {
    const isKnown = Array.isArray(type) ? type.length > 0 && type.every((one) => types.has(one)) : types.has(type);
    if (type !== undefined && !isKnown) fail(at, `type must be ${[...types].join(", ")}`);
    if ([type, constant, choices, oneOf, $ref].every((keyword) => keyword === undefined)) {
      fail(at, "one of type, const, enum, oneOf and $ref is needed");
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

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(at: string, why: string): never {
  throw new MedGemmaError("SCHEMA_INVALID", `The JSON schema cannot be used: at ${at}, ${why}. Leave it out, or check it in the answer yourself.`);
}
