/** The words of JSON Schema: which a grammar enforces, and which ask nothing of a value. */
import { closestName } from "../closest-name.js";
import type { Json } from "./plain-json.js";

export type SchemaObject = Readonly<Record<string, Json>>;

const enforced = [
  ...["type", "const", "enum", "oneOf", "anyOf", "allOf", "$ref", "$defs", "definitions", "nullable"],
  ...["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"],
  ...["items", "additionalItems", "prefixItems", "minItems", "maxItems"],
  ...["minLength", "maxLength", "pattern", "format"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
];

/** Annotations (2020-12 section 9, draft-07 section 10), identifiers, and what OpenAPI and editors add. `discriminator` says again what oneOf says. */
const annotations = [
  ...["title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment"],
  ...["$schema", "$id", "$anchor", "$vocabulary", "id", "discriminator", "externalDocs", "xml"],
  ...["contentEncoding", "contentMediaType", "markdownDescription", "enumNames", "enumDescriptions"]
];

/** Values with which a keyword that is not enforced asks for nothing. */
const idle: Readonly<Record<string, Json>> = { uniqueItems: false, minContains: 0 };

const known = new Set([...enforced, ...annotations]);

/** What of the schema cannot be enforced, in words to stand behind a place. */
export function unsupportedKeywords(schema: SchemaObject): string[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (known.has(keyword) || keyword.startsWith("x-") || idle[keyword] === value) return [];
    const near = closestName(keyword, enforced);
    return [`the keyword "${keyword.slice(0, 40)}" cannot be enforced${near === null ? "" : ` (did you mean "${near}"?)`}`];
  });
}

export function isSchemaObject(value: Json | undefined): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
