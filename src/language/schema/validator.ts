/** The judge of schemas and values: ajv. What it refuses never becomes an answer. */
import type { ErrorObject } from "ajv";
import { MedGemmaError } from "../../errors.js";
import type { Json } from "./plain-json.js";
import { placeOf } from "./places.js";

export type Draft = "2020-12" | "draft-07";

export interface SchemaValidator {
  /** What is wrong in the schema itself, with its places; empty: nothing. */
  readonly faults: readonly string[];
  /** Whether the value follows the schema at a JSON pointer; true where that cannot be told, as a reference leads nowhere. */
  readonly accepts: (pointer: string, value: Json) => boolean;
  /** @returns where the value breaks the whole schema and how, without a word of it; null where it follows it */
  readonly complaintAbout: (value: unknown) => string | null;
  /** @throws MedGemmaError SCHEMA_INVALID where ajv cannot use the schema */
  readonly prepare: () => void;
}

const identifier = "schema:given";
const options = { strict: false, logger: false, validateSchema: false } as const;

/** By draft, with its schema of schemas, which takes long to compile. */
const judges = new Map<Draft, Awaited<ReturnType<typeof createAjv>>>();

/** @param schema Without `$schema` and `$id`, which say nothing about a value. */
export async function createValidator(schema: Json, draft: Draft): Promise<SchemaValidator> {
  const judge = judges.get(draft) ?? (await createAjv(draft, { allErrors: true }));
  judges.set(draft, judge);
  const faults = judge.validateSchema(schema as object) === true ? [] : faultsOf(judge.errors ?? []);
  const ajv = await createAjv(draft, { meta: false });
  if (faults.length === 0) compiling(() => ajv.addSchema(schema as object, identifier));
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  const validatorAt = (pointer: string) => {
    const known =
      compiled.get(pointer) ??
      compiling(() => ajv.compile({ $ref: `${identifier}#${pointer.split("/").map(encodeURIComponent).join("/")}` }));
    compiled.set(pointer, known);
    return known;
  };
  return {
    faults,
    accepts: (pointer, value) => {
      try {
        return validatorAt(pointer)(value) === true;
      } catch (error) {
        if (error instanceof MedGemmaError) return true;
        throw error;
      }
    },
    prepare: () => void validatorAt(""),
    complaintAbout: (value) => {
      const validate = validatorAt("");
      if (validate(value) === true) return null;
      const [error] = validate.errors ?? [];
      return error === undefined
        ? "it is refused"
        : `at ${placeOf(error.instancePath)} it ${error.message ?? "is refused"}`;
    }
  };
}

async function createAjv(draft: Draft, more: { readonly allErrors?: boolean; readonly meta?: boolean }) {
  // Not at the top: only answers with a schema need them.
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const { Ajv } = await import("ajv");
  const { default: formats } = await import("ajv-formats");
  const ajv = new (draft === "2020-12" ? Ajv2020 : Ajv)({ ...options, ...more });
  formats.default(ajv);
  return ajv;
}

function compiling<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new MedGemmaError(
      "SCHEMA_INVALID",
      `The JSON schema cannot be used: ${(error as Error).message.slice(0, 200)}.`,
      { cause: error }
    );
  }
}

/** One for each place: a wrong "type" breaks several rules of the schema of schemas at once. */
function faultsOf(errors: readonly ErrorObject[]): string[] {
  const byPlace = new Map<string, string>();
  for (const { instancePath, message = "is not valid" } of errors) {
    if (!byPlace.has(instancePath)) byPlace.set(instancePath, `at ${placeOf(instancePath)}, it ${message}`);
  }
  return [...byPlace.values()];
}
