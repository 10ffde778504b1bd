/** JSON pointers (RFC 6901) into a schema or a value, and how a person reads them. */
import type { Json } from "./plain-json.js";

export function inside(pointer: string, ...segments: readonly (string | number)[]): string {
  return (
    pointer + segments.map((segment) => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")
  );
}

export function segmentsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** undefined: there is nothing. */
export function at(root: Json, pointer: string): Json | undefined {
  let value: Json | undefined = root;
  for (const segment of segmentsOf(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string, Json>)[segment];
  }
  return value;
}

/** "/properties/a/anyOf/0" → "$.properties.a.anyOf[0]" */
export function placeOf(pointer: string): string {
  return segmentsOf(pointer).reduce((place, segment) => {
    if (/^\d+$/.test(segment)) return `${place}[${segment}]`;
    return place + (/^[\w$-]{1,60}$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment.slice(0, 60))}]`);
  }, "$");
}
