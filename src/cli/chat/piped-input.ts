/** Lines from a pipe or file, or from a terminal whose output goes elsewhere: no editing, no escape codes. */
import { createInterface } from "node:readline";
import type { ChatInput } from "./chat-input.js";
import { EventQueue } from "./event-queue.js";

export function openPipedInput(): ChatInput {
  const queue = new EventQueue();
  const lines = createInterface({ input: process.stdin, terminal: false });
  // Bytes that are not UTF-8 become U+FFFD.
  lines.on("line", (text) =>
    queue.push(
      /[\0\ufffd]/.test(text)
        ? { kind: "unreadable" }
        : { kind: "line", text: text.replace(/^\ufeff/, ""), pasted: false }
    )
  );
  lines.on("close", () => queue.push({ kind: "end" }));

  const interrupt = () => {
    if (queue.isAwaited) queue.push({ kind: "interrupt", hadText: false });
    else input.onStop();
  };
  const terminate = () => {
    input.onStop();
    lines.close();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);

  const input: ChatInput = {
    onStop: () => undefined,
    next: (prompt) => {
      if (process.stdin.isTTY && process.stderr.isTTY) process.stderr.write(prompt);
      return queue.next();
    },
    close: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
      lines.close();
    }
  };
  return input;
}
