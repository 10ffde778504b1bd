/** A JSON schema → a grammar for the answer, and a judge of the finished value. What no grammar can hold is refused here. */
import { MedGemmaError } from "../../errors.js";
import { plainCopy, type Json } from "./plain-json.js";
import { grammarOf } from "./schema-grammar.js";
import { SchemaReader } from "./schema-reader.js";
import { createValidator, type Draft } from "./validator.js";

export interface CompiledSchema {
  /** GBNF. */
  readonly grammar: string;
  /** See `SchemaValidator`. */
  readonly complaintAbout: (value: unknown) => string | null;
}

const mostProblemsTold = 12;

/** Keywords that hold schemas by name, whose names are not keywords. */
const maps: ReadonlySet<string> = new Set([
  "properties",
  "$defs",
  "definitions",
  "patternProperties",
  "dependentSchemas"
]);

/** Keywords that hold values. */
const values: ReadonlySet<string> = new Set(["const", "enum", "default", "examples", "example"]);

/**
 * @param options.isCheckedLater Somebody else checks the finished value: what the grammar cannot enforce may stand in the schema.
 * @throws MedGemmaError SCHEMA_INVALID that names all that is wrong with their places; INVALID_ARGUMENT for what is not JSON
 */
export async function compileJsonSchema(
  given: object,
  options: { readonly isCheckedLater: boolean }
): Promise<CompiledSchema> {
  const { schema, draft } = prepared(plainCopy(given));
  const validator = await createValidator(schema, draft);
  if (validator.faults.length > 0) throw unusable(validator.faults);
  const reader = new SchemaReader(schema, { ...options, accepts: validator.accepts });
  const problems = reader.problems();
  if (problems.length > 0) throw unusable(problems);
  validator.prepare();
  return { grammar: grammarOf(reader), complaintAbout: validator.complaintAbout };
}

/**
 * The schema without its own name, which references inside do not need, and in words that ajv takes: OpenAPI's `nullable`
 * counts beside a `type` only. 2020-12 unless it says draft-07, or writes tuples as that did.
 */
function prepared(schema: Json): { readonly schema: Json; readonly draft: Draft } {
  const copy = (value: Json, isMap = false): Json => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => copy(item));
    const kept = Object.entries(value).filter(
      ([name, inner]) => isMap || !(name === "nullable" && typeof inner === "boolean" && !Object.hasOwn(value, "type"))
    );
    return Object.fromEntries(
      kept.map(([name, inner]) => [name, !isMap && values.has(name) ? inner : copy(inner, !isMap && maps.has(name))])
    );
  };
  const plain = copy(schema);
  if (typeof plain === "object" && plain !== null && !Array.isArray(plain)) {
    const { $schema, $id: _1, id: _2, ...rest } = plain as Readonly<Record<string, Json>>;
    const isOld =
      (typeof $schema === "string" && /draft-0[467]/.test($schema)) ||
      (typeof $schema !== "string" && hasOldTuple(rest));
    return { schema: rest, draft: isOld ? "draft-07" : "2020-12" };
  }
  return { schema: plain, draft: "2020-12" };
}

function hasOldTuple(value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (
    (!Array.isArray(value) && Array.isArray((value as Readonly<Record<string, Json>>).items)) ||
    Object.values(value).some(hasOldTuple)
  );
}

function unusable(problems: readonly string[]): MedGemmaError {
  const told = problems.slice(0, mostProblemsTold).join("; ");
  const more = problems.length > mostProblemsTold ? `; and ${problems.length - mostProblemsTold} more` : "";
  return new MedGemmaError(
    "SCHEMA_INVALID",
    `The JSON schema cannot be used: ${told}${more}. Remove it from the schema, or check it in the answer yourself.`
  );
}
