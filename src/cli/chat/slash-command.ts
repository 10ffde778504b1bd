/** The commands of a chat, and whether a message is one. */
import { closestName } from "../../shared/closest-name.js";

export const slashCommands = {
  image: { argument: "PATH…", describe: "attach images to the next message; alone: show what is attached" },
  prior: {
    argument: "[DATE=]FILE",
    describe: "attach an earlier image, oldest first; 2023-05-01=FILE tells the model its date"
  },
  series: { argument: "PATH…", describe: "attach a CT or MR series; options such as --slices follow the path" },
  slide: { argument: "FILE", describe: "attach a pathology slide; options such as --magnification follow the path" },
  detach: { argument: "", describe: "remove what is attached" },
  system: { argument: "TEXT", describe: "set the system text; alone: show it; none: remove it" },
  preset: { argument: "NAME", describe: "use a preset for the next message; alone: list them" },
  think: { argument: "on|off", describe: "let the model think before it answers" },
  thought: { argument: "", describe: "unfold the last thought" },
  retry: { argument: "", describe: "answer the last question again" },
  undo: { argument: "", describe: "remove the last question and its answer" },
  reset: { argument: "", describe: "forget the conversation; the system text stays" },
  save: { argument: "FILE", describe: "write the conversation with its images into one file" },
  load: { argument: "FILE", describe: "continue a saved conversation" },
  help: { argument: "", describe: "show this list" },
  exit: { argument: "", describe: "leave (also Ctrl-D)" }
} as const satisfies Record<string, { argument: string; describe: string }>;

export type SlashCommandName = keyof typeof slashCommands;

export type ParsedMessage =
  | { readonly kind: "command"; readonly name: SlashCommandName; readonly argument: string }
  | { readonly kind: "unknown"; readonly typed: string; readonly near: string | null }
  | { readonly kind: "text" };

const names = Object.keys(slashCommands) as SlashCommandName[];
const otherNames: Readonly<Record<string, SlashCommandName>> = {
  quit: "exit",
  bye: "exit",
  images: "image",
  "?": "help"
};

export function parseMessage(message: string): ParsedMessage {
  // "/home/ann/scan.png" is a path: a command has no second slash and no dot.
  const match = /^\s*\/([a-z?]+)(?:\s+([^]*))?$/i.exec(message);
  if (match === null) return { kind: "text" };
  const typed = (match[1] ?? "").toLowerCase();
  const name = names.find((one) => one === typed) ?? otherNames[typed];
  if (name === undefined) return { kind: "unknown", typed, near: closestName(typed, names) };
  return { kind: "command", name, argument: (match[2] ?? "").trim() };
}

/** For /help. */
export function slashHelp(): string {
  const rows = Object.entries(slashCommands).map(([name, { argument, describe }]) => {
    return `  ${`/${name} ${argument}`.trimEnd().padEnd(19)} ${describe}`;
  });
  return [
    ...rows,
    "  Drop or paste paths of images anywhere into a line. A line that ends in \\ continues on the next.",
    "  Ctrl-C stops an answer. Arrow up brings back earlier lines. Tab completes commands and paths."
  ].join("\n");
}
