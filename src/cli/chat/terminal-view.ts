/** The chat on a terminal: notes dimmed, progress in a line that vanishes, a thought in a window that folds. */
import type { Answer, ReplyChunk, ReplyProgress } from "../../chat/types.js";
import { wrapToWidth } from "../terminal/display-width.js";
import { printFailure, writeNote } from "../terminal/output.js";
import { plainText } from "../terminal/plain-text.js";
import { describeProgress, StatusLine } from "../terminal/status-line.js";
import { canMoveCursor, columnsOf, dim } from "../terminal/terminal.js";
import { WordWrap } from "../terminal/word-wrap.js";
import type { ChatView, ReplyView } from "./chat-view.js";

export function createTerminalView({ debug }: { readonly debug: boolean }): ChatView {
  return {
    note: (text) => writeNote(text, process.stdout),
    failure: (error) => printFailure(error, { debug }),
    status: new StatusLine(process.stdout),
    reply: new TerminalReply()
  };
}

/** Rows of a running thought that are in sight; the rest is folded away, as all of it is in the end. */
const thoughtRows = 5;

class TerminalReply implements ReplyView {
  readonly #screen = process.stdout;
  readonly #status = new StatusLine(this.#screen);
  #thought = "";
  #shownRows = 0;
  #last = "";
  #wrap = new WordWrap();

  begin(): void {
    this.#thought = "";
    this.#last = "";
    this.#wrap = new WordWrap();
  }

  progress(progress: ReplyProgress): void {
    const text = describeProgress(progress);
    if (text === null) this.#status.clear();
    else this.#status.show(`${text} · Ctrl-C stops`);
  }

  chunk({ kind, text }: ReplyChunk): void {
    this.#status.clear();
    if (kind === "thought") {
      this.#thought += plainText(text);
      this.#drawThought();
      return;
    }
    this.#foldThought();
    this.#last = text;
    this.#screen.write(this.#wrap.add(plainText(text), columnsOf(this.#screen)));
  }

  end(answer: Answer | null): void {
    this.#status.clear();
    this.#foldThought();
    if (this.#last !== "" && !this.#last.endsWith("\n")) this.#screen.write("\n");
    if (answer !== null) this.#screen.write(`${dim(summary(answer), this.#screen)}\n`);
    this.#screen.write("\n");
  }

  #drawThought(): void {
    if (!canMoveCursor(this.#screen)) return;
    const rows = wrapToWidth(`thinking: ${this.#thought}`, columnsOf(this.#screen) - 1).slice(-thoughtRows);
    this.#eraseThought();
    this.#screen.write(dim(rows.join("\n"), this.#screen));
    this.#shownRows = rows.length;
  }

  #eraseThought(): void {
    if (this.#shownRows === 0) return;
    const up = this.#shownRows > 1 ? `\u001b[${this.#shownRows - 1}A` : "";
    this.#screen.write(`\r${up}\u001b[J`);
    this.#shownRows = 0;
  }

  #foldThought(): void {
    if (this.#thought === "") return;
    this.#eraseThought();
    const words = this.#thought.split(/\s+/).filter((word) => word !== "").length;
    this.#screen.write(`${dim(`▸ thought, ${words} words · /thought unfolds it`, this.#screen)}\n`);
    this.#thought = "";
  }
}

/** How it went, in a few words. */
export function summary({ stopReason, images, usage, timings }: Answer): string {
  const parts: string[] = [];
  if (stopReason === "aborted") parts.push("stopped");
  if (stopReason === "maxTokens") parts.push("cut off at the token limit");
  if (images.length > 0)
    parts.push(`${images.length === 1 ? "image" : `${images.length} images`} ${seconds(timings.encodeMs)}`);
  parts.push(`${usage.completionTokens} tokens`);
  const { droppedTurns } = usage;
  if (droppedTurns > 0)
    parts.push(
      `the context is full: the oldest ${droppedTurns === 1 ? "exchange is" : `${droppedTurns} exchanges are`} left out`
    );
  if (timings.tokensPerSecond > 0)
    parts.push(`${timings.tokensPerSecond.toFixed(timings.tokensPerSecond < 10 ? 1 : 0)} tokens/s`);
  return parts.join(" · ");
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
