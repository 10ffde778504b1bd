/** Input events that came before anybody asked for them, or the one who waits for the next. */
import type { ChatInputEvent } from "./chat-input.js";

export class EventQueue {
  readonly #events: ChatInputEvent[] = [];
  #waiting: ((event: ChatInputEvent) => void) | null = null;

  get isAwaited(): boolean {
    return this.#waiting !== null;
  }

  push(event: ChatInputEvent): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#events.push(event);
    else waiting(event);
  }

  /** An event that is here already; the end stays. */
  take(): ChatInputEvent | undefined {
    return this.#events[0]?.kind === "end" ? this.#events[0] : this.#events.shift();
  }

  next(): Promise<ChatInputEvent> {
    const event = this.take();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
