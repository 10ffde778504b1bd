/** The sequences of a context, lent to one question at a time each: a conversation gets back the one that still holds it. */
import type { HostSequence } from "./host/text-host.js";
import type { Token } from "./host/token.js";

/** A sequence continues a prompt when they share at least this part of the shorter of the two. */
const continuationShare = 0.5;

export interface WaitOptions {
  /** Called when all sequences are lent, with the number that wait in front, and again whenever that changes. */
  readonly onWaiting?: ((ahead: number) => void) | undefined;
  /** The greatest is next; of equal ones the first. Default 0. */
  readonly priority?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting extends Omit<WaitOptions, "signal"> {
  readonly prompt: readonly Token[];
  readonly take: (sequence: HostSequence) => void;
}

export class SequencePool {
  /** Least recently used first. */
  readonly #idle: HostSequence[];
  /** In the order of their turns. */
  readonly #waiting: Waiting[] = [];
  readonly #count: number;

  constructor(sequences: readonly HostSequence[]) {
    this.#idle = [...sequences];
    this.#count = sequences.length;
  }

  /** The best free sequence for the prompt; waits while all are lent. @returns null after an abort */
  async acquire(prompt: readonly Token[], { onWaiting, priority, signal }: WaitOptions): Promise<HostSequence | null> {
    const sequence = this.#takeBest(prompt);
    if (sequence !== undefined) return sequence;
    return await new Promise((resolve) => {
      const waiting = { prompt, priority, onWaiting, take: resolve };
      this.#enqueue(waiting);
      const leave = (): void => {
        const index = this.#waiting.indexOf(waiting);
        if (index < 0) return;
        this.#waiting.splice(index, 1);
        resolve(null);
        this.#tellFrom(index);
      };
      if (signal?.aborted === true) leave();
      else signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** Any sequence, as soon as one is free. */
  async take(): Promise<HostSequence> {
    return this.#takeBest([]) ?? (await new Promise((take) => this.#enqueue({ prompt: [], take })));
  }

  /** For the beginning of a prompt: all conversations begin alike, so only what a sequence holds is counted. None while all are lent. */
  acquireIfFree(beginning: readonly Token[]): HostSequence | undefined {
    return this.#takeBest(beginning, Infinity);
  }

  release(sequence: HostSequence): void {
    this.#idle.push(sequence);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const best = this.#takeBest(next.prompt);
    if (best !== undefined) next.take(best);
    this.#tellFrom(0);
  }

  /** Waits until all sequences are free, and keeps them. */
  async close(): Promise<void> {
    for (let taken = 0; taken < this.#count; taken += 1) await this.take();
  }

  #enqueue(waiting: Waiting): void {
    const { priority = 0 } = waiting;
    const place = this.#waiting.findIndex((other) => (other.priority ?? 0) < priority);
    const index = place < 0 ? this.#waiting.length : place;
    this.#waiting.splice(index, 0, waiting);
    this.#tellFrom(index);
  }

  /** To all whose place has changed. */
  #tellFrom(index: number): void {
    for (const [ahead, { onWaiting }] of [...this.#waiting.entries()].slice(index)) onWaiting?.(ahead);
  }

  /** The sequence with the longest part of the prompt, if it is a continuation; else the one that was not used for longest. */
  #takeBest(prompt: readonly Token[], promptLength = prompt.length): HostSequence | undefined {
    let best = 0;
    let bestLength = 0;
    for (const [index, candidate] of this.#idle.entries()) {
      const common = candidate.commonLength(prompt);
      const shorter = Math.min(promptLength, candidate.length);
      if (common > bestLength && common >= shorter * continuationShare) [best, bestLength] = [index, common];
    }
    return this.#idle.splice(best, 1)[0];
  }
}
