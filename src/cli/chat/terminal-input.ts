/**
 * Lines from a person at a terminal: editing, history and completion by Node's readline, pastes of several lines kept
 * together. What is typed while an answer is written is not shown then, and not lost either.
 */
import { createInterface, type Interface, type Key } from "node:readline";
import { Writable } from "node:stream";
import type { ChatInput, ChatInputEvent } from "./chat-input.js";
import { complete } from "./completion.js";
import { columnsOf } from "../terminal/terminal.js";
import { EventQueue } from "./event-queue.js";

/** Terminals then mark where a paste begins and ends (xterm's "bracketed paste"). */
const pasteMarks = { on: "\u001b[?2004h", off: "\u001b[?2004l" };

export class TerminalInput implements ChatInput {
  onStop: () => void = () => undefined;
  readonly #screen = new GatedScreen(process.stdout);
  readonly #queue = new EventQueue();
  readonly #lines: Interface;
  #pasting = false;

  constructor() {
    this.#lines = createInterface({
      input: process.stdin,
      output: this.#screen,
      terminal: true,
      completer: complete,
      historySize: 500,
      removeHistoryDuplicates: true
    });
    this.#lines.on("line", (text) => this.#push({ kind: "line", text, pasted: this.#pasting }));
    this.#lines.on("SIGINT", this.#interrupt);
    this.#lines.on("close", this.#end);
    process.stdin.on("keypress", this.#watchPaste);
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#terminate);
    process.stdout.write(pasteMarks.on);
  }

  async next(prompt: string): Promise<ChatInputEvent> {
    const waiting = this.#queue.take();
    if (waiting !== undefined) {
      // It was typed or pasted unseen; now it takes its place in the conversation.
      if (waiting.kind === "line") process.stdout.write(`${prompt}${waiting.text}\n`);
      return waiting;
    }
    this.#screen.isOpen = true;
    this.#lines.setPrompt(prompt);
    this.#lines.prompt(true);
    return await this.#queue.next();
  }

  close(): void {
    process.off("SIGINT", this.#interrupt);
    process.off("SIGTERM", this.#terminate);
    process.stdin.off("keypress", this.#watchPaste);
    this.#lines.close();
  }

  /** The screen closes at once: more of the same paste may follow before anybody asks for the next line. */
  #push(event: ChatInputEvent): void {
    this.#screen.isOpen = false;
    this.#queue.push(event);
  }

  readonly #watchPaste = (_text: string | undefined, key: Key | undefined): void => {
    if (key?.name === "paste-start") this.#pasting = true;
    if (key?.name === "paste-end") this.#pasting = false;
  };

  readonly #interrupt = (): void => {
    if (!this.#queue.isAwaited) {
      this.onStop();
      return;
    }
    const hadText = this.#lines.line !== "";
    if (hadText) {
      process.stdout.write("\n");
      this.#screen.isOpen = false;
      this.#lines.write(null, { ctrl: true, name: "e" });
      this.#lines.write(null, { ctrl: true, name: "u" });
    } else {
      process.stdout.write("\r\u001b[K");
    }
    this.#push({ kind: "interrupt", hadText });
  };

  readonly #end = (): void => {
    process.stdout.write(pasteMarks.off);
    if (!this.#queue.isAwaited) this.onStop();
    else process.stdout.write("\n");
    this.#push({ kind: "end" });
  };

  readonly #terminate = (): void => {
    this.#lines.close();
  };
}

/** The terminal, as long as it is open; readline draws into it and must keep still while an answer is written. */
class GatedScreen extends Writable {
  readonly isTTY = true;
  isOpen = false;
  readonly #terminal: NodeJS.WriteStream;

  constructor(terminal: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on("resize", () => this.emit("resize"));
  }

  get columns(): number {
    return columnsOf(this.#terminal);
  }

  get rows(): number {
    return this.#terminal.rows > 0 ? this.#terminal.rows : 24;
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    if (this.isOpen) this.#terminal.write(chunk);
    done();
  }
}
