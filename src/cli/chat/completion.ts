/** What Tab offers in a chat: commands, and the paths of files. */
import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { formatOfName, isPicture } from "../../formats/formats.js";
import { escapePath, expandHome } from "./path-readings.js";
import { slashCommands } from "./slash-command.js";

/** @returns the whole words that are possible, and the word that they replace: what readline asks for */
export function complete(line: string): [string[], string] {
  const commands = Object.keys(slashCommands)
    .map((name) => `/${name}`)
    .filter((command) => command.startsWith(line));
  if (commands.length > 0) return [commands.map((command) => `${command} `), line];

  const argumentOf = /^\/(image|prior|series|slide|load|save)\s/.exec(line)?.[1];
  const last = /(?:\\.|[^\s\\])*$/.exec(line)?.[0] ?? "";
  const word = argumentOf === "prior" ? last.replace(/^[\d-]+=/, "") : last;
  if (argumentOf === undefined && !/[/\\]|^[.~]/.test(word)) return [[], line];
  return [
    completePath(word, { imagesOnly: argumentOf === undefined || argumentOf === "image" || argumentOf === "prior" }),
    word
  ];
}

function completePath(word: string, { imagesOnly }: { readonly imagesOnly: boolean }): string[] {
  if (word === "~") return ["~/"];
  const typed = word.replace(/\\(.)/g, "$1");
  const slash = typed.lastIndexOf("/");
  const folder = typed.slice(0, slash + 1);
  const beginning = typed.slice(slash + 1);
  try {
    return readdirSync(folder === "" ? "." : expandHome(folder), { withFileTypes: true })
      .filter(({ name }) => name.startsWith(beginning) && (beginning.startsWith(".") || !name.startsWith(".")))
      .filter((entry) => !imagesOnly || entry.isDirectory() || entry.isSymbolicLink() || mayBePicture(entry.name))
      .map((entry) => escapePath(folder + entry.name) + (entry.isDirectory() ? "/" : " "))
      .sort();
  } catch {
    return []; // no such folder: nothing to offer
  }
}

/** DICOM files often have no ending. */
function mayBePicture(name: string): boolean {
  return isPicture(formatOfName(name)) || extname(name) === "";
}
