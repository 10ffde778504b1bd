/** A schema as a caller gives it → a copy of plain JSON, which nobody can change meanwhile. */
import { refuseUnreadable } from "../../shared/check-arguments.js";
import { MedGemmaError } from "../../errors.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Nobody writes a schema by hand or by program that is deeper; a circle is. */
const deepest = 200;

/** Values in all: a schema that shares its parts can be small in memory and endless when it is written down. */
const largest = 200_000;

/** @throws MedGemmaError INVALID_ARGUMENT for what is not JSON, for a circle, for more than 200 levels */
export function plainCopy(schema: unknown): Json {
  let count = 0;
  const fail = (why: string): never => {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `schema must be a JSON schema, but ${why}. Use "$ref" for a schema that contains itself.`
    );
  };
  const copy = (value: unknown, depth: number): Json | undefined => {
    if (depth > deepest) fail(`is nested more than ${deepest} levels deep, or contains itself`);
    if ((count += 1) > largest) fail(`has more than ${largest} values`);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    // What JSON.stringify leaves out as well.
    if (value === undefined || typeof value === "function" || typeof value === "symbol") return undefined;
    if (typeof value !== "object") return fail(`holds a value of type ${typeof value}`);
    if (Array.isArray(value)) return value.map((item: unknown) => copy(item, depth + 1) ?? null);
    const result: [string, Json][] = [];
    for (const [name, inner] of Object.entries(value)) {
      const copied = copy(inner, depth + 1);
      if (copied !== undefined) result.push([name, copied]);
    }
    return Object.fromEntries(result);
  };
  let copied: Json | undefined;
  refuseUnreadable("schema", () => {
    copied = copy(schema, 0);
  });
  return copied ?? fail(`is of type ${typeof schema}`);
}
