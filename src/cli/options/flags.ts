/** Tables of options as flags of a command line, and back. */
import { parseArgs } from "node:util";
import type { Options } from "yargs";
import { closestName } from "../../shared/closest-name.js";
import { firstLine } from "../../errors.js";
import { flagOf, type Option, type OptionsOf, type OptionTable, type Words } from "../../shared/option.js";
import { UsageError } from "../terminal/output.js";

/** As yargs wants them. Their values are read by `valuesOf`, so their types say nothing. */
export function flagsOf(table: OptionTable, group: string): object {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [
      flagOf(name, option),
      { ...asFlag(flagOf(name, option), option, table), group }
    ])
  );
}

/** One option as a flag, for commands that need a value by its flag. */
export function asFlag<Value>(
  flag: string,
  { kind, rule, parse, describe, default: without, alias }: Option<Value>,
  table: OptionTable = {}
) {
  const check = (word: string): Value => {
    const value = parse(word);
    if (!rule.holds(kind === "list" ? [value] : value))
      throw new UsageError(`--${flag} must be ${rule.expected}, but is ${word}.`);
    return value as Value;
  };
  const help = describe + defaultInWords(without, table);
  const common = { describe: help, ...(alias === undefined ? {} : { alias }) };
  if (kind === "switch") return { ...common, type: "boolean" } as const satisfies Options;
  const coerce = (given: unknown): Value | undefined => {
    // yargs' own arrays would swallow the question behind them.
    if (kind === "list" && given !== undefined) return ([given].flat() as string[]).map(check) as Value;
    const word = single(flag, given);
    return word === undefined ? undefined : check(word);
  };
  return { ...common, type: "string", requiresArg: true, coerce } as const satisfies Options;
}

/** @param args As yargs read them. */
export function valuesOf<Table extends OptionTable>(table: Table, args: object): OptionsOf<Table> {
  const given = args as Readonly<Record<string, unknown>>;
  const values = Object.entries(table).map(([name, option]) => {
    const flag = flagOf(name, option);
    return [
      name,
      flag.startsWith("no-") && given[flag] === true ? false : flag.startsWith("no-") ? undefined : given[flag]
    ];
  });
  return Object.fromEntries(values) as OptionsOf<Table>;
}

/**
 * Flags after a command of the chat.
 *
 * @throws UsageError for one that is not in the table, or a value that cannot be
 */
export function readFlags<Table extends OptionTable>(table: Table, words: string, command: string): OptionsOf<Table> {
  const flags = Object.entries(table).map(([name, option]) => ({ flag: flagOf(name, option), option }));
  const args = words.split(/\s+/).filter((word) => word !== "");
  const takes = `${command} takes ${flags.map(({ flag }) => `--${flag}`).join(", ")} after the path.`;
  const unknown = args
    .map((word) => /^--([^=]+)/.exec(word)?.[1])
    .find((name) => name !== undefined && flags.every(({ flag }) => flag !== name));
  if (unknown !== undefined) {
    const near = closestName(
      unknown,
      flags.map(({ flag }) => flag)
    );
    throw new UsageError(
      `${command} has no option --${unknown}. ${near === null ? "" : `Did you mean --${near}? `}${takes}`
    );
  }
  const types = flags.map(
    ({ flag, option: { kind } }) =>
      [flag, { type: kind === "switch" ? "boolean" : "string", multiple: kind === "list" }] as const
  );
  let given: Readonly<Record<string, unknown>>;
  try {
    given = parseArgs({ args, options: Object.fromEntries(types) }).values;
  } catch (error) {
    throw new UsageError(`${firstLine(error)}. ${takes}`, { cause: error });
  }
  const checked = flags.map(({ flag, option }) => {
    const described = asFlag(flag, option);
    return [flag, "coerce" in described ? described.coerce(given[flag]) : given[flag]];
  });
  return valuesOf(table, Object.fromEntries(checked) as object);
}

/** What was given of a table, by the flags. */
export function givenFlags(table: OptionTable, args: object): string[] {
  const given = args as Readonly<Record<string, unknown>>;
  return Object.entries(table)
    .map(([name, option]) => flagOf(name, option))
    .filter((flag) => given[flag] !== undefined);
}

/** Other options that the words name are written as flags. */
function defaultInWords(without: unknown, table: OptionTable): string {
  if (without === undefined || typeof without === "boolean") return "";
  const said = isWords(without) ? without.words : JSON.stringify(without).replaceAll('"', "");
  return `  [default: ${said.replace(/\{(\w+)\}/g, (_all, name: string) => `--${flagOf(name, table[name] ?? {})}`)}]`;
}

function isWords(without: unknown): without is Words {
  return typeof without === "object" && without !== null && "words" in without;
}

/** yargs gathers a repeated option into a list; which of the values was meant cannot be known. */
export function single(flag: string, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "string") throw new UsageError(`--${flag} is given more than once.`);
  if (given === "") throw new UsageError(`--${flag} needs a value.`);
  return given;
}
