/** Paths behind a command of the chat. */
import { existsSync } from "node:fs";
import { MedGemmaError } from "../../errors.js";
import { pathsIn } from "./named-files.js";
import { expandHome } from "./path-readings.js";

/** A path with blanks that nobody escaped is still a path. */
export async function pathsOf(argument: string): Promise<string[]> {
  const whole = expandHome(argument);
  return argument !== "" && existsSync(whole) ? [whole] : await pathsIn(argument);
}

/** @returns null where none is named */
export async function onePathOf(command: "/prior" | "/slide", argument: string): Promise<string | null> {
  const [path, ...others] = await pathsOf(argument);
  if (others.length > 0)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${command} takes one path, but got ${1 + others.length}. Put a path with blanks in quotes.`
    );
  return path ?? null;
}

/** The name of a file that is written or read as one. */
export function onePath(command: "save" | "load", argument: string): string {
  const quoted = /^(["'])(.+)\1$/.exec(argument)?.[2];
  const path = expandHome(quoted ?? argument.replace(/\\([ '"()&\\])/g, "$1"));
  if (path === "")
    throw new MedGemmaError("INVALID_ARGUMENT", `/${command} needs a file name: /${command} conversation.json`);
  return path;
}
