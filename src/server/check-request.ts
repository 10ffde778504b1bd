/** A value of a request, checked by its schema; the error names the field as a client knows it. */
import type * as z from "zod";
import { HttpError } from "./http-error.js";

/** @throws HttpError 400 with `param` */
export function checkRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const { path, message, isUnknown } = deepest(read.error.issues);
  const field = path.reduce<string>(
    (name, key) => (typeof key === "number" ? `${name}[${key}]` : name === "" ? String(key) : `${name}.${String(key)}`),
    ""
  );
  throw new HttpError(
    400,
    isUnknown ? "unknown_parameter" : "invalid_value",
    `${field === "" ? "The body" : field}: ${message.replace(/\.$/, "")}.`.slice(0, 600),
    { param: field === "" ? null : field }
  );
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly isUnknown: boolean;
}

/** Of a field with several shapes the fault of the one that fits furthest: "Invalid input" would help nobody. */
function deepest(issues: readonly z.core.$ZodIssue[]): Fault {
  const faults = issues.map((issue): Fault => {
    if (issue.code === "unrecognized_keys")
      return {
        path: [...issue.path, issue.keys[0] ?? ""],
        message: "this field is not known here, so it is refused: it might change the answer",
        isUnknown: true
      };
    if (issue.code !== "invalid_union" || issue.errors.length === 0)
      return { path: issue.path, message: issue.message, isUnknown: false };
    const inner = issue.errors.map(deepest).sort((a, b) => b.path.length - a.path.length)[0];
    if (inner === undefined) return { path: issue.path, message: issue.message, isUnknown: false };
    return { ...inner, path: [...issue.path, ...inner.path] };
  });
  return faults.sort((a, b) => b.path.length - a.path.length)[0] ?? { path: [], message: "invalid", isUnknown: false };
}
