/**
 * An option, described once. Its type, its check in the library, its flag and its help on a command line, and its line in
 * docs/reference/api.md follow from the description.
 */
import {
  count,
  flag as trueOrFalse,
  listOf,
  name,
  number,
  oneOf,
  text as anyText,
  type Rule
} from "./check-arguments.js";

export interface Option<Value> {
  readonly kind: "value" | "switch" | "list";
  /** What the library accepts. */
  readonly rule: Rule;
  /** The word of a command line as a value, which `rule` then checks. A switch has no word. */
  readonly parse: (word: string) => unknown;
  /** What it is, with its unit, on one line. */
  readonly describe: string;
  /** A value, or words for what depends on something else; undefined: nothing happens without the option. */
  readonly default?: Value | Words | undefined;
  /** Its name on a command line, where that is not the name in kebab-case; a `no-` in front turns a switch over. */
  readonly flag?: string | undefined;
  /** Its letter on a command line. */
  readonly alias?: string | undefined;
}

/** A default in words. */
export interface Words {
  readonly words: string;
}

/** By the names that the library uses. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** Its name on a command line. */
export function flagOf(name: string, { flag }: Pick<Option<unknown>, "flag">): string {
  return flag ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

type ValueOf<Described> = Described extends Option<infer Value> ? Value : never;

/** The options object of a table: each may be left out. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: ValueOf<Table[Name]> | undefined;
};

/** The same once defaults are filled in. */
export type SettingsOf<Table extends OptionTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

interface Description<Value> {
  readonly describe: string;
  readonly default?: Value | Words;
  readonly flag?: string;
  readonly alias?: string;
}

export function wholeNumber({
  min,
  max,
  ...described
}: Description<number> & { readonly min: number; readonly max?: number }): Option<number> {
  return {
    kind: "value",
    rule: count(min, max),
    parse: (word) => (/^\d+$/.test(word) ? Number(word) : word),
    ...described
  };
}

export function decimal({
  min,
  max,
  ...described
}: Description<number> & { readonly min: number; readonly max: number }): Option<number> {
  return {
    kind: "value",
    rule: number(min, max),
    parse: (word) => (word.trim() === "" ? word : Number(word)),
    ...described
  };
}

export function onOff(described: Description<boolean>): Option<boolean> {
  return { kind: "switch", rule: trueOrFalse, parse: Boolean, ...described };
}

export function choice<const Choice extends string>(
  choices: readonly Choice[],
  described: Description<NoInfer<Choice>>
): Option<Choice> {
  return { kind: "value", rule: oneOf(choices), parse: (word) => word, ...described };
}

/** A name of something: not empty. */
export function named(described: Description<string>): Option<string> {
  return { kind: "value", rule: name, parse: (word) => word, ...described };
}

export function text(described: Description<string>): Option<string> {
  return { kind: "value", rule: anyText, parse: (word) => word, ...described };
}

/** On a command line the flag is repeated. */
export function texts(
  described: Description<readonly string[]> & { readonly expected?: Rule }
): Option<readonly string[]> {
  const { expected = name, ...others } = described;
  return { kind: "list", rule: listOf(expected), parse: (word) => word, ...others };
}

/** The rules of a table, for `checkOptions`. */
export function rulesOf<Table extends OptionTable>(table: Table): { readonly [Name in keyof Table]: Rule } {
  return Object.fromEntries(Object.entries(table).map(([each, { rule }]) => [each, rule])) as {
    [Name in keyof Table]: Rule;
  };
}

/** Of the options that somebody gives those of a table. */
export function pick<Table extends OptionTable>(table: Table, given: OptionsOf<Table>): OptionsOf<Table> {
  return Object.fromEntries(Object.keys(table).map((each) => [each, given[each]])) as OptionsOf<Table>;
}

/** What is left out by its default. Every option of the table must have one that is a value. */
export function withDefaults<Table extends OptionTable>(table: Table, given: OptionsOf<Table>): SettingsOf<Table> {
  const values = Object.entries(table).map(([each, option]) => [each, given[each] ?? option.default]);
  return Object.fromEntries(values) as SettingsOf<Table>;
}
