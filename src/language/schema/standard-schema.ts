/**
 * Schemas of libraries such as zod, known by the interfaces that these libraries share, so that none of them is needed here:
 * Standard Schema checks a value, Standard JSON Schema tells what the model may write (https://standardschema.dev, which
 * asks to copy the types).
 */
import { firstLine, MedGemmaError } from "../../errors.js";

/** What schemas of zod, Valibot, ArkType and others have in common: [Standard Schema](https://standardschema.dev) with its JSON schema. */
export interface StandardSchema<Value = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Value> | Promise<StandardResult<Value>>;
    /** Absent in libraries that know Standard Schema only. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: "draft-2020-12" }) => Readonly<Record<string, unknown>>;
    };
  };
}

/** A value that a schema lets through, or the places where it does not. */
export type StandardResult<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

export function isStandardSchema(schema: unknown): schema is StandardSchema {
  // Some libraries have functions for schemas.
  return (typeof schema === "object" || typeof schema === "function") && schema !== null && "~standard" in schema;
}

/** What the schema takes, before it changes anything: that is what the model writes. @throws MedGemmaError SCHEMA_INVALID */
export function jsonSchemaOf({ "~standard": { vendor, jsonSchema } }: StandardSchema): object {
  if (jsonSchema === undefined) {
    throw new MedGemmaError(
      "SCHEMA_INVALID",
      `This ${vendor} schema has no JSON Schema form (Standard JSON Schema; zod has it since 4.2). ` +
        "Update the library, or give the JSON schema and check the value yourself."
    );
  }
  try {
    return jsonSchema.input({ target: "draft-2020-12" });
  } catch (error) {
    throw new MedGemmaError(
      "SCHEMA_INVALID",
      `This ${vendor} schema cannot be written as JSON Schema: ${firstLine(error)}.`,
      { cause: error }
    );
  }
}

/**
 * The value as the schema gives it back. The message names the place alone: what stands there may be about a patient.
 *
 * @throws MedGemmaError SCHEMA_INVALID
 */
export async function validated<Value>(
  { "~standard": { vendor, validate } }: StandardSchema<Value>,
  value: unknown
): Promise<Value> {
  const result = await validate(value);
  if (result.issues === undefined) return result.value;
  const path =
    result.issues[0]?.path?.map((part) => String(typeof part === "object" ? part.key : part)).join(".") ?? "";
  throw new MedGemmaError(
    "SCHEMA_INVALID",
    `The answer is whole, but the ${vendor} schema refuses ${path === "" ? "it" : `its "${path}"`}: the grammar cannot enforce that rule. ` +
      "Ask for it in the question, or loosen the schema.",
    { cause: result.issues }
  );
}
