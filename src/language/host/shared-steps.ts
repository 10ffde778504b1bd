/**
 * Sequences that generate at the same time take their steps in one batch. node-llama-cpp begins its next batch as soon as one sequence
 * has its token, so the one that was sampled last always misses it: of n sequences n − 1 decode together, and each batch reads all
 * weights. Here a step waits for those that are decoded now or were a moment ago; then all go together.
 */

/** Part of a step for which a sequence that had its token is waited for: longer than sampling takes, too short to be felt. */
const grace = 1 / 32;

export class SharedSteps {
  readonly #decoding = new Set<number>();
  /** Until when each sequence is expected back, in milliseconds. */
  readonly #returning = new Map<number, number>();
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param sequenceId Each sequence takes one step at a time.
   * @param step Hands the step to node-llama-cpp.
   * @param signal Ends the wait; the step is called all the same.
   */
  async take<Result>(
    sequenceId: number,
    step: () => Promise<Result>,
    signal: AbortSignal | undefined
  ): Promise<Result> {
    this.#returning.delete(sequenceId);
    await this.#turn(sequenceId, signal);
    const begun = performance.now();
    try {
      return await step();
    } finally {
      const now = performance.now();
      this.#decoding.delete(sequenceId);
      this.#returning.set(sequenceId, now + (now - begun) * grace);
      this.#releaseIfAllAreHere();
    }
  }

  async #turn(sequenceId: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        this.#decoding.add(sequenceId);
        signal?.removeEventListener("abort", go);
        resolve();
      };
      this.#waiting.add(go);
      signal?.addEventListener("abort", go, { once: true });
      if (signal?.aborted === true) go();
      else this.#releaseIfAllAreHere();
    });
  }

  #releaseIfAllAreHere(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    for (const [id, until] of this.#returning) if (until <= now) this.#returning.delete(id);
    if (this.#waiting.size === 0 || this.#decoding.size > 0) return;
    if (this.#returning.size === 0) for (const go of [...this.#waiting]) go();
    else this.#timer = setTimeout(() => this.#releaseIfAllAreHere(), Math.max(...this.#returning.values()) - now);
  }
}
