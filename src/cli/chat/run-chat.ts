/** The loop of a chat: the next line, what it asks for, until somebody leaves. */
import { UsageError } from "../terminal/output.js";
import type { ChatInput } from "./chat-input.js";
import type { ChatSession } from "./chat-session.js";
import type { ChatView } from "./chat-view.js";
import { MessageLines } from "./message-lines.js";

/** @returns "interrupted" when the last thing was a Ctrl-C that nothing answered */
export async function runChat(
  session: ChatSession,
  { input, view, prompts }: { readonly input: ChatInput; readonly view: ChatView; readonly prompts: ChatPrompts }
): Promise<"left" | "interrupted"> {
  const lines = new MessageLines();
  let mayLeave = false;
  input.onStop = () => session.stop();
  while (!session.isOver) {
    const event = await input.next(lines.isOpen ? prompts.more : prompts.next(session.attachedCount));
    if (event.kind === "interrupt") {
      const tookBack = event.hadText || lines.isOpen;
      lines.clear();
      if (mayLeave && !tookBack) return "interrupted";
      mayLeave = !tookBack;
      if (mayLeave) view.note("Press Ctrl-C again or Ctrl-D to quit.");
      continue;
    }
    if (event.kind === "unreadable")
      throw new UsageError("stdin is not text in UTF-8. A chat reads messages from it; give images with -i.");
    mayLeave = false;
    const message = event.kind === "end" ? lines.finish() : lines.add(event.text, event);
    if (message !== null && message.trim() !== "") await session.handle(message.trim());
    if (event.kind === "end") break;
  }
  return "left";
}

export interface ChatPrompts {
  /** In front of a new message, with so many images attached to it. */
  next(attached: number): string;
  /** In front of the further lines of a message. */
  readonly more: string;
}
