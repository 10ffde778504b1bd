/** The words of JSON Schema: which a grammar enforces, and which ask nothing of a value. */
import { closestName } from "../../shared/closest-name.js";
import type { Json } from "./plain-json.js";

export type SchemaObject = Readonly<Record<string, Json>>;

const enforced = [
  ...["type", "const", "enum", "oneOf", "anyOf", "allOf", "$ref", "$defs", "definitions", "nullable"],
  ...["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"],
  ...["items", "additionalItems", "prefixItems", "minItems", "maxItems", "uniqueItems"],
  ...["minLength", "maxLength", "pattern", "format"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
];

/** Annotations (2020-12 section 9, draft-07 section 10), identifiers, and what OpenAPI and editors add. `discriminator` says again what oneOf says. */
const annotations = [
  ...["title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment"],
  ...["$schema", "$id", "$anchor", "$vocabulary", "id", "discriminator", "externalDocs", "xml"],
  ...["contentEncoding", "contentMediaType", "contentSchema", "markdownDescription", "enumNames", "enumDescriptions"]
];

/** Keywords that a grammar cannot hold. No misspellings of others. */
const unenforceable = new Set([
  ...["not", "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas", "patternProperties"],
  ...["contains", "minContains", "maxContains", "unevaluatedItems", "unevaluatedProperties"],
  ...["$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor"]
]);

/** Without the keywords beside them, by the standard, these ask for nothing. */
const needs: Readonly<Record<string, readonly string[]>> = {
  if: ["then", "else"],
  then: ["if"],
  else: ["if"],
  minContains: ["contains"],
  maxContains: ["contains"]
};

const known = new Set([...enforced, ...annotations]);

/** What of the schema cannot be enforced, in words to stand behind a place. */
export function unsupportedKeywords(schema: SchemaObject): string[] {
  return Object.keys(schema).flatMap((keyword) => {
    if (
      known.has(keyword) ||
      keyword.startsWith("x-") ||
      needs[keyword]?.every((other) => schema[other] === undefined) === true
    )
      return [];
    const near = unenforceable.has(keyword) ? null : closestName(keyword, enforced);
    return [
      `the keyword "${keyword.slice(0, 40)}" cannot be enforced${near === null ? "" : ` (did you mean "${near}"?)`}`
    ];
  });
}

export function isSchemaObject(value: Json | undefined): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
