/** A question to whoever sits at the terminal, answered with one line. */
import { createInterface } from "node:readline/promises";
import { Interrupted } from "./output.js";
import { canMoveCursor } from "./terminal.js";

/** Is there a person to ask? */
export function hasPerson(): boolean {
  return process.stdin.isTTY && canMoveCursor(process.stderr);
}

/** @returns the line, trimmed, in lower case. @throws Interrupted for Ctrl-C and Ctrl-D */
export async function askPerson(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once("close", () => reject(new Interrupted()));
      lines.once("SIGINT", () => lines.close());
      lines.question(question).then((answer) => resolve(answer.trim().toLowerCase()), reject);
    });
  } finally {
    lines.close();
  }
}
