/** The command line as yargs sees it: commands, help, and what is said about a wrong line. Runs a command, prints no failure. */
import { createRequire } from "node:module";
import type { Argv } from "yargs";
import { packageVersion } from "../shared/package-version.js";
import { closestName } from "../shared/closest-name.js";
import { formatOfName, isPicture } from "../formats/formats.js";
import { readCommandLine, withoutWords } from "./command-line.js";
import { commandNames, commandsFor } from "./commands.js";
import { checkFlags, commonOptions, standardStream } from "./options/options.js";
import { UsageError } from "./terminal/output.js";
import { columnsOf } from "./terminal/terminal.js";

// yargs' ES module wraps the help in the middle of words; its CommonJS module wraps it at blanks.
const yargs = createRequire(import.meta.url)("yargs") as (args: string[]) => Argv;

/** What a command cannot do without, where yargs counts "non-option arguments". */
const needed: Readonly<Record<string, string>> = {
  pull: 'the id of a model, as "models" lists it: medgemma-local pull 1.5-4b-it',
  remove: 'the id of a model, as "models" lists it: medgemma-local remove 1.5-4b-it',
  import: "a folder or a GGUF file: medgemma-local import /media/usb",
  inspect: "a GGUF file, or the id of a model: medgemma-local inspect medgemma-4b-it-Q4_K_M.gguf",
  repeat: "the file that ask --json wrote: medgemma-local repeat answer.json",
  encode: "images, and a file to write: medgemma-local encode scan.png -o tokens.npy",
  preview: "an image, and a file to write: medgemma-local preview scan.png -o seen.png",
  completion: "the name of your shell: medgemma-local completion bash"
};

/** @throws UsageError for a wrong command line; whatever the command throws */
export async function runProgram(given: readonly string[]): Promise<void> {
  try {
    await run(await readCommandLine(given, commandNames));
  } catch (error) {
    // Before a command can hide names, its line may be wrong.
    const isRedacted = given.some((arg) => /^--redact(?:=(?!false$)|$)/.test(arg));
    throw isRedacted && error instanceof UsageError
      ? new UsageError(withoutWords(error.message, given, commandNames))
      : error;
  }
}

async function run(args: readonly string[]): Promise<void> {
  /** Of the command, as soon as it is known. */
  let optionNames: readonly string[] = [];
  const program = yargs(args.map((arg) => (arg === "-" ? standardStream : arg)))
    .scriptName("medgemma-local")
    .locale("en")
    .usage(
      "$0 <command>\n\nTalk with MedGemma about images, on this machine alone.\nFor research and development; not a medical device."
    )
    .options(commonOptions)
    // Before anything else: a protection that is not understood must not be off.
    .middleware(
      ((_args: unknown, command: Argv) => {
        const { names, boolean } = optionsOf(command);
        optionNames = names;
        checkFlags(args, boolean);
      }) as () => void,
      true
    )
    // As the variable says it, so that what is deep inside need not be told.
    .middleware(({ offline }) => {
      if (offline === true) process.env.MEDGEMMA_OFFLINE = "1";
    })
    .example("$0 chat", "")
    .example('$0 ask "Describe the image." -i scan.png', "")
    .example('$0 ask "What changed?" -i before.png -i after.png --json', "")
    .version(packageVersion())
    .alias({ help: "h", version: "v" })
    .strict()
    .exitProcess(false)
    .showHelpOnFail(false)
    .parserConfiguration({
      "boolean-negation": false,
      "dot-notation": false,
      // One value for each -i, so that the question behind it stays the question.
      "greedy-arrays": false,
      "parse-positional-numbers": false
    })
    .wrap(Math.min(110, process.stdout.isTTY ? columnsOf(process.stdout) : 100))
    .fail((message: string | null, error: Error | undefined) => {
      // What yargs itself finds wrong, a value that an option refuses included, is a matter of usage.
      if (error !== undefined && error.name !== "YError") throw error;
      throw new UsageError(explain(error?.message ?? message ?? "", args, optionNames));
    });
  for (const command of await commandsFor(args)) program.command(command);
  hideTypes(program);
  if (args.length === 0) {
    program.showHelp("log");
    return;
  }
  await program.demandCommand(1, 1, "Name a command.").parseAsync();
}

/** The help says units and ranges in words; [string] behind a number would be wrong. The typings lack this method of yargs. */
function hideTypes(program: object): void {
  (program as { usageConfiguration(options: { "hide-types": boolean }): void }).usageConfiguration({
    "hide-types": true
  });
}

/** Names of options of the command that is being read, its letters included. The typings lack this method as well. */
function optionsOf(command: object): { readonly names: readonly string[]; readonly boolean: readonly string[] } {
  const { key, boolean } = (
    command as { getOptions(): { readonly key: object; readonly boolean: readonly string[] } }
  ).getOptions();
  return { names: Object.keys(key), boolean };
}

/** yargs' words in ours, with the nearest right name and where to read on. */
function explain(message: string, args: readonly string[], optionNames: readonly string[]): string {
  const line = message.replace(/\s*\n\s*/g, " ").trim();
  const command = args[0] ?? "";
  if (/^(?:Not enough non-option arguments|Missing required arguments?)/.test(line) && needed[command] !== undefined)
    return `${command} needs ${needed[command]}`;
  const valueless = /^Not enough arguments following: (.*)$/.exec(line)?.[1];
  if (valueless !== undefined)
    return `${valueless.length === 1 ? "-" : "--"}${valueless} needs a value. See medgemma-local ${command} --help.`;
  const typed = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(line)?.[1];
  const near = typed === undefined ? null : suggest(typed, args, optionNames);
  return `${line.replace(/\.*$/, ".")}${near === null ? "" : ` ${near}`} See medgemma-local ${commandNames.includes(command) ? `${command} ` : ""}--help.`;
}

function suggest(typed: string, args: readonly string[], optionNames: readonly string[]): string | null {
  const isOption = args.some(
    (argument) => argument.split("=")[0]?.replace(/^-+/, "") === typed && argument.startsWith("-")
  );
  if (!isOption)
    return isPicture(formatOfName(typed)) && optionNames.includes("image") ? "Give each image with -i." : null;
  const near = closestName(
    typed,
    optionNames.filter((name) => name.length > 1)
  );
  return near === null ? null : `Did you mean --${near}?`;
}
