/**
 * Long work on the main thread, cut into slices between which the process lives: timers fire, sockets are read, a stop is heard. The
 * work is a generator that yields wherever it may be interrupted.
 */
import { abortedError } from "../errors.js";

/** Milliseconds. A picture of a user interface has 16. */
const sliceMs = 8;

/** Work that yields many times, and returns its result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

export class TimeSlices {
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  /** @param what The work, for the error when it is stopped. */
  constructor(what: string, signal?: AbortSignal) {
    this.#what = what;
    this.#signal = signal;
  }

  /** Gives the event loop a turn when a slice is used up. @throws MedGemmaError ABORTED */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since > sliceMs) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#since = performance.now();
    }
    if (this.#signal?.aborted === true) throw abortedError(this.#what, this.#signal);
  }

  /** @throws MedGemmaError ABORTED, and what the work throws */
  async run<Result>(steps: Steps<Result>): Promise<Result> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      // Most steps are far shorter than a slice, and a promise for each would cost more than they do.
      if (performance.now() - this.#since > sliceMs) await this.breathe();
    }
  }
}

/** All at once. */
export function runSteps<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
