/** What a chat shows: to a person at a terminal, or as plain lines to a program. */
import type { Answer, ReplyChunk, ReplyProgress } from "../../chat/types.js";
import type { StatusLine } from "../terminal/status-line.js";

export interface ChatView {
  /** Something for a person: attached, saved, a hint. */
  note(text: string): void;
  failure(error: unknown): void;
  /** Progress of what is read before a question. */
  readonly status: StatusLine;
  readonly reply: ReplyView;
}

/** Called in this order for every question: begin, then progress and chunks as they come, then end. */
export interface ReplyView {
  begin(): void;
  progress(progress: ReplyProgress): void;
  chunk(chunk: ReplyChunk): void;
  /** `answer` is null when the question failed. */
  end(answer: Answer | null): void;
}
