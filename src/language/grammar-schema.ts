/**
 * A checked JSON schema → the part of JSON Schema that node-llama-cpp turns into a grammar, with a name in place of every
 * number: its rule is put into the grammar's text afterwards.
 */
import { isEnforced, isSchema, numberRange, type JsonSchema } from "./json-schema.js";
import { numberRule, type NumberRange } from "./number-grammar.js";

export interface GrammarSchema {
  /** For node-llama-cpp's check of a finished value. */
  readonly schema: JsonSchema;
  /** For its grammar. */
  readonly template: JsonSchema;
  /** Puts the rules of the numbers into the grammar of `template`. */
  complete(grammar: string): string;
}

export function grammarSchema(checked: JsonSchema): GrammarSchema {
  const schema = reduced(checked);
  const rules = new Map<string, string>();
  const template = withNames(schema, (range, isInteger) => {
    const name = `medgemma-local:${isInteger ? "integer" : "number"}:${range.least}:${range.most}`;
    rules.set(name, numberRule(range, { isInteger }));
    return name;
  });
  const complete = (grammar: string): string => {
    const numbers = [...rules].reduce((text, [name, rule]) => text.replaceAll(`"\\"${name}\\""`, () => rule), grammar);
    return withoutEnding(withoutSurrogates(numbers));
  };
  return { schema, template, complete };
}

/** Only what is enforced: `anyOf` as `oneOf`, several types as so many schemas, a closed tuple by its length. */
function reduced(schema: JsonSchema): JsonSchema {
  const { anyOf, type, ...rest } = Object.fromEntries(Object.entries(schema).filter(([keyword, value]) => isEnforced(keyword, value)));
  if (rest.items === false) {
    delete rest.items;
    rest.maxItems = (rest.prefixItems as unknown[]).length;
  }
  if (anyOf !== undefined) return { ...nested(rest, reduced), oneOf: (anyOf as JsonSchema[]).map(reduced) };
  if (Array.isArray(type) && rest.enum === undefined) return { oneOf: type.map((one: unknown) => reduced({ ...rest, type: one })) };
  return nested(type === undefined ? rest : { type, ...rest }, reduced);
}

function withNames(schema: JsonSchema, nameOf: (range: NumberRange, isInteger: boolean) => string): JsonSchema {
  const { type, const: constant, enum: choices, minimum: _1, maximum: _2, exclusiveMinimum: _3, exclusiveMaximum: _4, ...rest } = schema;
  if (constant !== undefined || choices !== undefined || (type !== "number" && type !== "integer")) {
    return nested(schema, (inner) => withNames(inner, nameOf));
  }
  // Bounds that cannot be enforced are checked later, or would have been refused.
  return { ...rest, const: nameOf(numberRange(schema) ?? { least: -Infinity, most: Infinity }, type === "integer") };
}

/** The same schema with `change` made to every schema inside it. */
function nested(schema: JsonSchema, change: (inner: JsonSchema) => JsonSchema): JsonSchema {
  const of = (value: unknown) => (isSchema(value) ? change(value) : value);
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if ((keyword === "properties" || keyword === "$defs") && isSchema(value)) {
        return [keyword, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, of(inner)]))];
      }
      if (keyword === "oneOf" || keyword === "prefixItems") return [keyword, (value as unknown[]).map(of)];
      return [keyword, keyword === "items" || keyword === "additionalProperties" ? of(value) : value];
    })
  );
}

/** A character beyond U+FFFF is one to the grammar and two to JavaScript, which counts against `maxLength`. */
function withoutSurrogates(grammar: string): string {
  return grammar.replace(String.raw`\x7F\x00-\x1F]`, () => String.raw`\x7F\x00-\x1F\U00010000-\U0010FFFF]`);
}

/** node-llama-cpp has a value followed by at least four line breaks, and as many more as the model likes. */
function withoutEnding(grammar: string): string {
  return grammar.replace(String.raw` "\n\n\n\n" [\n]*`, "");
}
