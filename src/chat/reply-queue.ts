/** The replies of one chat, which follow each other: a question waits for the one before it. */
import { MedGemmaError } from "../errors.js";
import { Reply } from "./reply.js";
import type { AskOptions } from "./types.js";

export class ReplyQueue {
  readonly #closing = new AbortController();
  /** The end of the last reply. */
  #last: Promise<unknown> = Promise.resolve();
  /** Replies that have not ended. */
  #open = 0;

  /**
   * @param check Of what the caller gave; what it throws is the reply's failure.
   * @param run Begins when the replies before have ended.
   */
  add<Value>(
    check: () => void,
    options: Pick<AskOptions, "signal" | "onProgress">,
    run: ConstructorParameters<typeof Reply<Value>>[0]
  ): Reply<Value> {
    const problem = problemOf(check);
    const signal = problem === null ? options.signal : undefined;
    const stop = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const before = this.#last;
    const reply = new Reply(async (emit, replySignal) => {
      if (this.#closing.signal.aborted)
        throw new MedGemmaError("DISPOSED", "This chat was disposed; create another one.");
      if (problem !== null) throw problem;
      if (this.#open > 0) options.onProgress?.({ stage: "waiting" });
      this.#open += 1;
      try {
        await before;
        return await run(emit, replySignal);
      } finally {
        this.#open -= 1;
      }
    }, stop);
    this.#last = reply.then(undefined, () => undefined);
    return reply;
  }

  /** Until all replies that were added so far have ended. */
  async ended(): Promise<void> {
    await this.#last;
  }

  /** Stops all replies; those that are added later fail with DISPOSED. */
  close(): void {
    this.#closing.abort();
  }
}

function problemOf(check: () => void): Error | null {
  try {
    check();
    return null;
  } catch (error) {
    return error as Error;
  }
}
