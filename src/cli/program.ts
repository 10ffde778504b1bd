/** The command line as yargs sees it: commands, help, and what is said about a wrong line. Runs a command, prints no failure. */
import { createRequire } from "node:module";
import type { Argv } from "yargs";
import { packageVersion } from "../package-version.js";
import { closestName } from "../closest-name.js";
import { askCommand } from "./commands/ask.js";
import { benchCommand } from "./commands/bench.js";
import { chatCommand } from "./commands/chat.js";
import { doctorCommand } from "./commands/doctor.js";
import { encodeCommand } from "./commands/encode.js";
import { importCommand } from "./commands/import.js";
import { inspectCommand } from "./commands/inspect.js";
import { modelsCommand } from "./commands/models.js";
import { previewCommand } from "./commands/preview.js";
import { presetsCommand } from "./commands/presets.js";
import { pullCommand } from "./commands/pull.js";
import { removeCommand } from "./commands/remove.js";
import { verifyCommand } from "./commands/verify.js";
import {
  answerOptions,
  boxesOption,
  commonOptions,
  imageOptions,
  jsonOption,
  loraOption,
  modelOptions,
  presetOption,
  redactOption,
  schemaOption,
  standardStream
} from "./options.js";
import { UsageError } from "./output.js";

// yargs' ES module wraps the help in the middle of words; its CommonJS module wraps it at blanks.
const yargs = createRequire(import.meta.url)("yargs") as (args: string[]) => Argv;

const commandNames = [
  ...["chat", "ask", "presets", "encode", "preview"],
  ...["models", "pull", "verify", "remove", "import"],
  ...["inspect", "doctor", "bench"]
] as const;

const optionNames = [
  ...Object.keys({ ...modelOptions, ...loraOption, ...imageOptions, ...presetOption, ...answerOptions, ...schemaOption }),
  ...Object.keys({ ...boxesOption, ...jsonOption, ...redactOption, ...commonOptions }),
  "image",
  "prior",
  "output",
  "size",
  "repeat",
  "plot",
  "to",
  "accept-terms",
  "help",
  "version"
];

/** @throws UsageError for a wrong command line; whatever the command throws */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = yargs(args.map((arg) => (arg === "-" ? standardStream : arg)))
    .scriptName("medgemma-local")
    .locale("en")
    .usage("$0 <command>\n\nTalk with MedGemma about images, on this machine alone.\nFor research and development; not a medical device.")
    .command(chatCommand)
    .command(askCommand)
    .command(presetsCommand)
    .command(encodeCommand)
    .command(previewCommand)
    .command(modelsCommand)
    .command(pullCommand)
    .command(verifyCommand)
    .command(removeCommand)
    .command(importCommand)
    .command(inspectCommand)
    .command(doctorCommand)
    .command(benchCommand)
    .options(commonOptions)
    // As the variable says it, so that what is deep inside need not be told.
    .middleware(({ offline }) => {
      if (offline === true) process.env.MEDGEMMA_OFFLINE = "1";
    })
    .example("$0 chat", "")
    .example('$0 ask "Describe the image." -i scan.png', "")
    .example('$0 ask "What changed?" -i before.png -i after.png --json', "")
    .version(packageVersion())
    .alias({ help: "h" })
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
    .wrap(Math.min(110, process.stdout.isTTY ? process.stdout.columns : 100))
    .fail((message: string | null, error: Error | undefined) => {
      // What yargs itself finds wrong, a value that an option refuses included, is a matter of usage.
      if (error !== undefined && error.name !== "YError") throw error;
      throw new UsageError(explain(error?.message ?? message ?? ""));
    });
  hideTypes(program);
  if (args.length === 0) {
    program.showHelp("log");
    return;
  }
  await program.demandCommand(1, 1, "Name a command.").parseAsync();
}

/** The help says units and ranges in words; [string] behind a number would be wrong. The typings lack this method of yargs. */
function hideTypes(program: object): void {
  (program as { usageConfiguration(options: { "hide-types": boolean }): void }).usageConfiguration({ "hide-types": true });
}

/** yargs' words, with the nearest right name and where to read on. */
function explain(message: string): string {
  const line = message.replace(/\s*\n\s*/g, " ").trim();
  const typed = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(line)?.[1];
  const near = typed === undefined ? null : suggest(typed);
  return `${line.replace(/\.*$/, ".")}${near === null ? "" : ` Did you mean ${near}?`} See medgemma-local --help.`;
}

function suggest(typed: string): string | null {
  const option = closestName(typed, optionNames);
  const isOption = process.argv.some((argument) => argument.split("=")[0]?.replace(/^-+/, "") === typed && argument.startsWith("-"));
  if (isOption) return option === null ? null : `--${option}`;
  return closestName(typed, commandNames);
}
