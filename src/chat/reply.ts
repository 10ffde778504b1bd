/** One answer as a promise and as a stream. */
import type { Answer, ReplyChunk } from "./types.js";

/**
 * The answer while it is made: await it for the whole, or iterate it for the pieces. It starts at once and runs once, whoever
 * listens.
 *
 * @example
 * ```ts
 * const reply = chat.ask("Describe the image.", { images: ["scan.png"] });
 * for await (const { kind, text } of reply) if (kind === "text") process.stdout.write(text);
 * const { usage } = await reply;
 * ```
 */
export class Reply<Value = unknown> implements PromiseLike<Answer<Value>>, AsyncIterable<ReplyChunk> {
  readonly #controller = new AbortController();
  readonly #answer: Promise<Answer<Value>>;
  readonly #chunks: ReplyChunk[] = [];
  #finished = false;
  #wake: () => void = () => undefined;
  #news = this.#nextNews();

  /** @internal Users get replies from `Chat.ask`. */
  constructor(
    run: (emit: (chunk: ReplyChunk) => void, signal: AbortSignal) => Promise<Answer<Value>>,
    signal?: AbortSignal
  ) {
    const both = signal === undefined ? this.#controller.signal : AbortSignal.any([this.#controller.signal, signal]);
    this.#answer = run((chunk) => {
      this.#chunks.push(chunk);
      this.#tell();
    }, both).finally(() => {
      this.#finished = true;
      this.#tell();
    });
  }

  /** Stops the reply. It then ends with stopReason "aborted" and what there is so far; it does not throw. */
  abort(): void {
    this.#controller.abort();
  }

  then<Fulfilled = Answer<Value>, Rejected = never>(
    onFulfilled?: ((answer: Answer<Value>) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null
  ): Promise<Fulfilled | Rejected> {
    return this.#answer.then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReplyChunk, void, void> {
    // An error is thrown to whoever iterates, so the promise need not be awaited as well.
    this.#answer.catch(() => undefined);
    for (let next = 0; ;) {
      const news = this.#news;
      for (let chunk = this.#chunks[next]; chunk !== undefined; chunk = this.#chunks[next]) {
        next += 1;
        yield chunk;
      }
      if (this.#finished && next === this.#chunks.length) break;
      if (next === this.#chunks.length) await news;
    }
    await this.#answer;
  }

  #tell(): void {
    const wake = this.#wake;
    this.#news = this.#nextNews();
    wake();
  }

  #nextNews(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
