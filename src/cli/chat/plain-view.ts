/** The chat as a stream of plain lines: answers to stdout, failures to stderr, everything else only to a person. */
import { printAnswer, printFailure, printNote } from "../terminal/output.js";
import { StatusLine } from "../terminal/status-line.js";
import type { ChatView } from "./chat-view.js";

export function createPlainView({
  debug
}: {
  readonly debug: boolean;
}): ChatView & { readonly failures: () => number } {
  let failures = 0;
  return {
    failures: () => failures,
    note: printNote,
    status: new StatusLine(process.stderr),
    failure: (error) => {
      failures += 1;
      printFailure(error, { debug });
    },
    reply: {
      begin: () => undefined,
      progress: () => undefined,
      chunk: ({ kind, text }) => {
        if (kind === "text") printAnswer(text);
      },
      end: (answer) => {
        if (answer !== null) printAnswer("\n");
      }
    }
  };
}
