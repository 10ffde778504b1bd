/**
 * Checks what a caller gives to a public function. The types are promises that JavaScript need not keep: an option with a slip in
 * its name would be passed over without a word, and an image that is `undefined` would not be seen.
 */
import { closestName } from "./closest-name.js";
import { MedGemmaError } from "../errors.js";

/** What an argument must be. `expected` stands behind "must be". */
export interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

/** Of the options of a function: all that it knows, each of which may be undefined. */
export type RulesOf<Options> = { readonly [Name in keyof Required<Options>]: Rule };

export const text: Rule = { expected: "a string", holds: (value) => typeof value === "string" };
/** Of a file, a model: no system takes zero bytes. */
export const name: Rule = {
  expected: "a string that is not empty",
  holds: (value) => typeof value === "string" && value !== "" && !value.includes("\0")
};
export const flag: Rule = { expected: "true or false", holds: (value) => typeof value === "boolean" };
export const callback: Rule = { expected: "a function", holds: (value) => typeof value === "function" };
export const abortSignal: Rule = { expected: "an AbortSignal", holds: (value) => value instanceof AbortSignal };

export function count(least: number, most = Number.MAX_SAFE_INTEGER): Rule {
  const expected = `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}`;
  return {
    expected,
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
  };
}

export function number(least: number, most: number): Rule {
  return {
    expected: `a number from ${least} to ${most}`,
    holds: (value) => typeof value === "number" && value >= least && value <= most
  };
}

export function oneOf(choices: readonly string[]): Rule {
  return {
    expected: `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`,
    holds: (value) => choices.some((one) => one === value)
  };
}

export function listOf(rule: Rule): Rule {
  return {
    expected: `a list, each item ${rule.expected}`,
    holds: (value) => Array.isArray(value) && Array.from(value as unknown[]).every((item) => rule.holds(item))
  };
}

export function orNull(rule: Rule): Rule {
  return { expected: `${rule.expected} or null`, holds: (value) => value === null || rule.holds(value) };
}

export const anObject: Rule = { expected: "an object", holds: (value) => isObject(value) };

export function eitherOf(expected: string, ...rules: readonly Rule[]): Rule {
  return { expected, holds: (value) => rules.some((rule) => rule.holds(value)) };
}

/** An object with at least these properties, each of which is not undefined. */
export function withProperties(expected: string, names: readonly string[]): Rule {
  return { expected, holds: (value) => isObject(value) && names.every((one) => value[one] !== undefined) };
}

/** Whatever it is: somebody else checks it, and says better what is wrong. */
export const checkedLater: Rule = { expected: "anything", holds: () => true };

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkArgument(what: string, value: unknown, { expected, holds }: Rule): void {
  refuseUnreadable(what, () => {
    if (!holds(value)) throw invalid(what, expected, value);
  });
}

/**
 * A getter or a proxy of the caller's may throw while a value is looked at.
 *
 * @throws MedGemmaError INVALID_ARGUMENT instead, and what `look` throws of that class
 */
export function refuseUnreadable(what: string, look: () => void): void {
  try {
    look();
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    throw new MedGemmaError("INVALID_ARGUMENT", `${what} cannot be read: a getter or a proxy of it throws an error.`, {
      cause: error
    });
  }
}

/**
 * An object of options: a plain object without unknown names.
 *
 * @param what What to call it, "The options of createChat".
 * @throws MedGemmaError INVALID_ARGUMENT
 */
export function checkOptions(what: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  refuseUnreadable(what, () => checkEach(what, options, rules));
}

function checkEach(what: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (!isPlain(options)) throw invalid(what, "a plain object", options);
  if (Object.getOwnPropertySymbols(options).length > 0)
    throw new MedGemmaError("INVALID_ARGUMENT", `${what} have names that are symbols. Give names that are strings.`);
  const known = Object.keys(rules);
  for (const [given, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, given) ? rules[given] : undefined;
    if (rule === undefined) {
      const near = closestName(given, known);
      const hint =
        near === null ? `There ${known.length === 1 ? "is" : "are"} ${known.join(", ")}.` : `Did you mean ${near}?`;
      throw new MedGemmaError("INVALID_ARGUMENT", `${what} have no "${shortened(given)}". ${hint}`);
    }
    if (value !== undefined && !rule.holds(value)) throw invalid(given, rule.expected, value);
  }
}

export function invalid(what: string, expected: string, found: unknown): MedGemmaError {
  return new MedGemmaError(
    "INVALID_ARGUMENT",
    `${what} must be ${expected}, but is ${found === undefined ? "missing (undefined)" : describe(found)}.`
  );
}

/** What a wrong value is, without what may be somebody's: no long text, nothing of the inside of an object. */
export function describe(value: unknown): string {
  if (typeof value === "string")
    return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`;
  if (Array.isArray(value)) {
    const wrong = (value as unknown[]).length;
    return `a list of ${wrong} ${wrong === 1 ? "item" : "items"}`;
  }
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return typeof value === "symbol" ? "a symbol" : String(value);
  if (value instanceof Promise) return "a promise (await it)";
  const keys = Object.keys(value).slice(0, 4).map(shortened);
  const constructor: unknown = (value as { readonly constructor?: unknown }).constructor;
  const kind =
    typeof constructor === "function" && constructor !== Object && constructor.name !== ""
      ? ` of class ${shortened(constructor.name)}`
      : "";
  return `an object${kind}${kind !== "" || keys.length === 0 ? "" : ` with ${keys.join(", ")}`}`;
}

/** Not a date, a map, a buffer or another object of a class, in which nothing is found to be wrong: they have no properties of their own. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // Object.prototype, of any realm
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shortened(given: string): string {
  return given.length <= 40 ? given : `${given.slice(0, 37)}…`;
}
