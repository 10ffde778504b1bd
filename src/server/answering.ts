/** One request on its way: a place in the queue, the model, a conversation, its answer. All of it is freed when the client goes away. */
import type { Reply } from "../chat/reply.js";
import type { Answer, ReplyProgress } from "../chat/types.js";
import type { MedGemma } from "../chat/medgemma.js";
import { abortedError, MedGemmaError } from "../errors.js";
import { HttpError } from "./http-error.js";
import type { Metrics } from "./metrics.js";
import type { ModelPool } from "./model-pool.js";
import type { Question } from "./openai/to-question.js";

export interface AnsweringOptions {
  readonly pool: ModelPool;
  readonly metrics: Metrics;
  /** Requests that are answered or wait, all models together; more are refused. */
  readonly maxRequests: number;
}

export interface AnswerListener {
  /** The request is in order, and work on it has begun. */
  readonly onProgress: (progress: ReplyProgress) => void;
  readonly onChunk: (kind: "thought" | "text", text: string) => void;
}

/** An answer with what gave it. */
export interface Answered {
  readonly answer: Answer;
  readonly medgemma: MedGemma;
  readonly question: Question;
}

export class Answering {
  readonly #options: AnsweringOptions;
  #requests = 0;
  readonly #running = new Set<AbortController>();
  /** Resolves when the last request has ended. */
  #idle: (() => void) | null = null;
  #isClosing = false;

  constructor(options: AnsweringOptions) {
    this.#options = options;
  }

  /** Requests that are answered or wait. */
  get requests(): number {
    return this.#requests;
  }

  get maxRequests(): number {
    return this.#options.maxRequests;
  }

  /**
   * @param id Of the model, as `ModelPool.idOf` gives it.
   * @param read Makes the question from the request, once the model is there.
   * @throws HttpError 503 when too many wait already; MedGemmaError, ABORTED when the client went away
   */
  async answer(
    id: string,
    read: (medgemma: MedGemma) => Promise<Question>,
    listener: AnswerListener,
    signal: AbortSignal
  ): Promise<Answered> {
    const { pool, maxRequests, metrics } = this.#options;
    if (this.#isClosing) throw busy("The server is closing.");
    if (this.#requests >= maxRequests) {
      metrics.refused.inc();
      throw busy(`The server has ${this.#requests} requests and takes no more. Try again later.`);
    }
    const closing = new AbortController();
    const stop = AbortSignal.any([signal, closing.signal]);
    this.#running.add(closing);
    this.#requests += 1;
    const ended = metrics.begin(() => this.#requests);
    try {
      using lease = await pool.lease(id);
      if (stop.aborted) throw abortedError("The request", stop);
      const question = await read(lease.medgemma);
      const answer = await this.#ask(lease.medgemma, question, listener, stop);
      if (closing.signal.aborted) throw busy("The server is closing.");
      if (answer.stopReason === "aborted") throw abortedError("The request", stop);
      ended(answer);
      return { answer, medgemma: lease.medgemma, question };
    } catch (error) {
      ended(error instanceof MedGemmaError && error.code === "ABORTED" ? "aborted" : "failed");
      throw error;
    } finally {
      this.#running.delete(closing);
      this.#requests -= 1;
      if (this.#requests === 0) this.#idle?.();
    }
  }

  /** Takes no more requests and lets those that run finish, for so long; then stops them. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#requests === 0) return;
    const idle = new Promise<void>((resolve) => (this.#idle = resolve));
    const timer = setTimeout(() => {
      for (const one of this.#running) one.abort();
    }, graceMs);
    await idle;
    clearTimeout(timer);
  }

  async #ask(medgemma: MedGemma, question: Question, listener: AnswerListener, signal: AbortSignal): Promise<Answer> {
    const { system, turns, prompt, options } = question;
    // Whatever has no room is an error: turns that are dropped without a word may hold the images.
    await using chat = await medgemma.createChat({ system, turns, overflow: "error" });
    const reply: Reply = chat.ask(prompt, { ...options, signal, onProgress: listener.onProgress });
    for await (const { kind, text } of reply) listener.onChunk(kind, text);
    return await reply;
  }
}

function busy(message: string): HttpError {
  return new HttpError(503, "server_busy", message, { headers: { "retry-after": "5" } });
}
