/**
 * Where words go: stdout carries only the answer or one JSON value; notes and progress go to stderr, and only when a
 * person sees them; a failure is always told, in one line.
 */
import { MedGemmaError } from "../../errors.js";
import { asWriteError } from "../../shared/write-file.js";
import { wrapToWidth } from "./display-width.js";
import { plainJson, plainName, plainText } from "./plain-text.js";
import { withFlags } from "../options/remedies.js";
import { columnsOf, dim, red } from "./terminal.js";

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The command line itself is wrong: the message says what, and how it is right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The user stopped the command; everything worth saying is on the screen already. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Part of an answer. A terminal gets no control characters from a model, a file gets the text as it is. */
export function printAnswer(text: string): void {
  process.stdout.write(process.stdout.isTTY ? plainText(text) : text);
}

/** One line for a program, indented for a person. */
export function printJson(value: unknown): void {
  process.stdout.write(`${plainJson(JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0))}\n`);
}

/** For people only: silent when stderr is no terminal. */
export function printNote(text: string): void {
  if (process.stderr.isTTY) writeNote(text, process.stderr);
}

/** What changes how an answer is to be taken: told in scripts too. */
export function printWarning(text: string): void {
  writeNote(`Warning: ${text}`, process.stderr);
}

/** Dimmed, and on a terminal broken between words. */
export function writeNote(text: string, terminal: NodeJS.WriteStream): void {
  const plain = plainText(text);
  terminal.write(`${dim(terminal.isTTY ? wrapToWidth(plain, columnsOf(terminal)).join("\n") : plain, terminal)}\n`);
}

/** One line `CODE: what, on which input, what to do`; with `debug` the stack and its causes instead. */
export function printFailure(error: unknown, { debug }: { readonly debug: boolean }): void {
  if (exitCodeOf(error) === exitCodes.interrupted && !debug) return; // whoever pressed Ctrl-C knows
  const line = plainName(describeFailure(error).replace(/\s*\n\s*/g, " "));
  const shown = process.stderr.isTTY ? wrapToWidth(line, columnsOf(process.stderr)).join("\n") : line;
  process.stderr.write(`${red(shown, process.stderr)}\n`);
  if (debug) for (const { stack } of withCauses(error)) process.stderr.write(`${plainText(stack ?? "")}\n`);
}

export function describeFailure(error: unknown): string {
  if (error instanceof MedGemmaError) return `${error.code}: ${withFlags(error.message, error.remedy)}`;
  if (error instanceof UsageError) return `medgemma-local: ${error.message}`;
  const message = error instanceof Error ? error.message : String(error);
  return `INTERNAL: ${message}. Please report it with the output of --debug.`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof Interrupted || (error instanceof MedGemmaError && error.code === "ABORTED"))
    return exitCodes.interrupted;
  return exitCodes.failed;
}

/**
 * What cannot be written ends the program. `… | head -1` closes our stdout: nothing to tell anybody. A disk that is full is told;
 * what stderr does not take is nobody's to see.
 */
export function endWhenOutputFails(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.done);
    printFailure(asWriteError(error, "the output"), { debug: false });
    process.exit(exitCodes.failed);
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.done);
  });
}

function withCauses(error: unknown): Error[] {
  return error instanceof Error ? [error, ...withCauses(error.cause)] : [];
}
