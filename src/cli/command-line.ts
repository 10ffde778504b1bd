/** The arguments as people type them → as yargs reads them: other names of commands, `help X`, several files behind one option. */
import { closestName } from "../shared/closest-name.js";
import { formatOfName, isPicture } from "../formats/formats.js";
import { identifyFile } from "../formats/identify-file.js";
import { UsageError } from "./terminal/output.js";

/** What other programs call these commands. */
const otherNames: Readonly<Record<string, string>> = {
  list: "models",
  ls: "models",
  rm: "remove",
  delete: "remove",
  uninstall: "remove",
  download: "pull",
  install: "pull",
  get: "pull",
  info: "inspect",
  show: "inspect",
  run: "chat",
  version: "--version"
};

/** Options whose files a shell's `*` puts behind them. */
const fileOptions: Readonly<Record<string, "pictures" | "files">> = {
  "-i": "pictures",
  "--image": "pictures",
  "--prior": "pictures",
  "--series": "files"
};

/**
 * @param commands All there are.
 * @throws UsageError for a command that there is not, and a picture without an option
 */
export async function readCommandLine(args: readonly string[], commands: readonly string[]): Promise<string[]> {
  const [first, ...others] = args;
  if (first === undefined || first.startsWith("-")) return await spreadFiles(args);
  if (first === "help")
    return [
      ...commandFor(
        others.find((word) => !word.startsWith("-") && word !== "help"),
        commands
      ),
      "--help"
    ];
  if (first === "run") return await spreadFiles(readRun(others));
  return [...commandFor(first, commands), ...(await spreadFiles(others))];
}

function commandFor(typed: string | undefined, commands: readonly string[]): string[] {
  if (typed === undefined) return [];
  const known = commands.includes(typed) ? typed : otherNames[typed];
  if (known !== undefined) return [known];
  const near = closestName(typed, [...commands, ...Object.keys(otherNames)]);
  const isQuestion = /\s/.test(typed) || formatOfName(typed) !== null || near === null;
  const hint = isQuestion
    ? 'See medgemma-local --help, or ask a question: medgemma-local ask "Describe the image." -i scan.png'
    : `Did you mean ${near}? See medgemma-local --help.`;
  throw new UsageError(`There is no command ${/\s/.test(typed) ? "like that" : typed}. ${hint}`);
}

/** As ollama has it: `run`, `run MODEL`, `run MODEL "question"`. */
function readRun(args: readonly string[]): string[] {
  const [model, question] = args;
  if (model === undefined || model.startsWith("-")) return ["chat", ...args];
  if (question === undefined || question.startsWith("-")) return ["chat", "-m", model, ...args.slice(1)];
  return ["ask", "-m", model, ...args.slice(1)];
}

/** `-i a.png b.png`, which is what `-i *.png` becomes → `-i a.png -i b.png`. */
async function spreadFiles(args: readonly string[]): Promise<string[]> {
  const spread: string[] = [];
  let option: string | null = null;
  let value: string | null = null;
  for (const arg of args) {
    if (option !== null && value !== null && !arg.startsWith("-") && (await belongsTo(option, value, arg)))
      spread.push(option);
    else if (option !== null && value === null) value = arg;
    else [option, value] = [arg in fileOptions ? arg : null, null];
    spread.push(arg);
  }
  return spread;
}

/** A question is a sentence; a word that names a picture stands with the picture in front of it. */
async function belongsTo(option: string, value: string, word: string): Promise<boolean> {
  const found = await identifyFile(word);
  if (fileOptions[option] === "files") return found.kind === "file" || found.kind === "folder";
  if (found.kind === "file") return isPicture(found.format);
  if (/\s/.test(word) || !isPicture(formatOfName(word))) return false;
  throw new UsageError(
    `${word} follows ${option} ${value}, but there is no such file. Write ${option} in front of each image: ${option} ${value} ${option} ${word}`
  );
}

/** The words of a command line, which may be names of patients, out of a message. */
export function withoutWords(message: string, args: readonly string[], commands: readonly string[]): string {
  const words = args
    .map((arg) => arg.replace(/^-[^=]*=/, ""))
    .filter(
      (word) =>
        word.length > 1 && word !== "true" && word !== "false" && !word.startsWith("-") && !commands.includes(word)
    );
  return words.sort((a, b) => b.length - a.length).reduce((cleaned, word) => cleaned.replaceAll(word, "…"), message);
}
