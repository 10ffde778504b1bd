/** `completion`: a script that teaches a shell the commands and options. Made from the commands themselves. */
import { createRequire } from "node:module";
import type { Argv, CommandModule } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { commonOptions } from "../options/options.js";
import { printAnswer, UsageError } from "../terminal/output.js";

const yargs = createRequire(import.meta.url)("yargs") as (args: string[]) => Argv;

interface CompletedCommand {
  readonly name: string;
  readonly describe: string;
  readonly options: readonly CompletedOption[];
}

interface CompletedOption {
  readonly name: string;
  readonly letter: string | undefined;
  readonly takesValue: boolean;
  readonly describe: string;
}

const scripts: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish };

/** @param commands All of the program; asked for when the command runs. */
export function completionCommand(commands: () => Promise<readonly CommandModule[]>): LoadedCommand<{ shell: string }> {
  return {
    builder: (command) =>
      command
        .positional("shell", { type: "string", demandOption: true, describe: "bash, zsh or fish" })
        .example("$0 completion bash > ~/.local/share/bash-completion/completions/medgemma-local", "")
        .example('$0 completion zsh > "${fpath[1]}/_medgemma-local"', "")
        .example("$0 completion fish > ~/.config/fish/completions/medgemma-local.fish", ""),
    handler: async ({ shell }) => {
      const script = scripts[shell];
      if (script === undefined)
        throw new UsageError(`completion knows ${Object.keys(scripts).join(", ")}, but not ${shell}.`);
      printAnswer(script((await commands()).map(describeCommand)));
    }
  };
}

function describeCommand({ command, describe, builder }: CommandModule): CompletedCommand {
  const program = yargs([]).options(commonOptions).help().alias({ help: "h" });
  if (typeof builder === "function") void builder(program);
  // The typings lack these methods.
  const inside = program as unknown as {
    getOptions(): {
      readonly key: object;
      readonly boolean: readonly string[];
      readonly alias: Readonly<Record<string, readonly string[] | undefined>>;
    };
    getInternalMethods(): { getUsageInstance(): { getDescriptions(): Readonly<Record<string, string | undefined>> } };
  };
  const { key, boolean, alias } = inside.getOptions();
  const descriptions = inside.getInternalMethods().getUsageInstance().getDescriptions();
  const letters = new Set(Object.keys(key).filter((name) => name.length === 1));
  const positionals = new Set([...String(command).matchAll(/[<[]([\w-]+)/g)].map(([, name]) => name));
  const names = Object.keys(key).filter(
    (name) => !letters.has(name) && !positionals.has(name) && !["version", "v"].includes(name)
  );
  return {
    name: String(command).split(" ")[0] ?? "",
    describe: String(describe),
    options: names.map((name) => ({
      name,
      letter: alias[name]?.find((other) => other.length === 1),
      takesValue: !boolean.includes(name),
      describe: (descriptions[name] ?? "").replace(/^__yargsString__:/, "").replace(/\s+\[default: .*\]$/, "")
    }))
  };
}

/** Commands whose argument is one of a few words: `help ask`, `completion zsh`. */
function wordsBehind(
  commands: readonly CompletedCommand[]
): readonly (readonly [command: string, words: readonly string[]])[] {
  return [
    ["help", commands.map(({ name }) => name)],
    ["completion", Object.keys(scripts)]
  ];
}

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, options }) => `    ${name}:-*) words="${options.flatMap(wordsOf).join(" ")}" ;;`);
  return `# bash completion of medgemma-local
_medgemma_local() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${[...commands.map(({ name }) => name), "help", "--help", "--version"].join(" ")}"
  else case "\${COMP_WORDS[1]}:$current" in
${[...cases, ...wordsBehind(commands).map(([name, words]) => `    ${name}:*) words="${words.join(" ")}" ;;`)].join("\n")}
  esac fi
  # Nothing of ours: the names of files.
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -o bashdefault -o default -F _medgemma_local medgemma-local
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const escaped = (text: string) => text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
  const optionOf = ({ name, letter, takesValue, describe }: CompletedOption) =>
    [`--${name}`, ...(letter === undefined ? [] : [`-${letter}`])].map(
      (word) => `'*${word}[${escaped(describe)}]${takesValue ? ":value:_files" : ""}'`
    );
  const fixed = wordsBehind(commands);
  const cases = [
    ...fixed.map(([name, words]) => `    ${name}) _arguments '1:word:(${words.join(" ")})' ;;`),
    ...commands
      .filter(({ name }) => !fixed.some(([other]) => other === name))
      .map(
        ({ name, options }) =>
          `    ${name}) _arguments ${[...options.flatMap(optionOf), "'*:file:_files'"].join(" ")} ;;`
      )
  ];
  return `#compdef medgemma-local
_medgemma-local() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(${[...commands, { name: "help", describe: "Show the help of a command" }].map(({ name, describe }) => `'${name}:${escaped(describe)}'`).join(" ")})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT -= 1 ))
  case $command in
${cases.join("\n")}
  esac
}
# As a file of fpath it is the function itself; else it is read by source.
if [[ $funcstack[1] == _medgemma-local ]]; then _medgemma-local "$@"; else compdef _medgemma-local medgemma-local; fi
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const lines = commands.flatMap(({ name, describe, options }) => [
    `complete -c medgemma-local -n __fish_use_subcommand -f -a ${name} -d ${quoted(describe)}`,
    ...options.map(
      (option) =>
        `complete -c medgemma-local -n '__fish_seen_subcommand_from ${name}' -l ${option.name}${option.letter === undefined ? "" : ` -s ${option.letter}`}${option.takesValue ? " -r" : ""} -d ${quoted(option.describe)}`
    )
  ]);
  lines.push("complete -c medgemma-local -n __fish_use_subcommand -f -a help -d 'Show the help of a command'");
  for (const [name, words] of wordsBehind(commands))
    lines.push(`complete -c medgemma-local -n '__fish_seen_subcommand_from ${name}' -f -a '${words.join(" ")}'`);
  return `# fish completion of medgemma-local\n${lines.join("\n")}\n`;
}

function wordsOf({ name, letter }: CompletedOption): string[] {
  return [`--${name}`, ...(letter === undefined ? [] : [`-${letter}`])];
}
