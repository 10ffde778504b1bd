/**
 * Stops what a context computes. The flag is one for the whole context, so a stop also takes down what other sequences have
 * in the same batch: they can tell, wait until it is over, and decode theirs again.
 */
export class DecodeInterrupts {
  readonly #setAborted: (isAborted: boolean) => void;
  #underWay = 0;
  #begun = 0;
  #calm: Promise<void> = Promise.resolve();
  #becomeCalm: () => void = () => undefined;

  constructor(setAborted: (isAborted: boolean) => void) {
    this.#setAborted = setAborted;
  }

  /** How many stops there were: another number later tells that one came in between. */
  get count(): number {
    return this.#begun;
  }

  /** Resolves when no stop is under way; none is, until the caller lets others run. */
  async calm(): Promise<void> {
    while (this.#underWay > 0) await this.#calm;
  }

  /** From the abort of `signal` until the disposal, everything fails. */
  listen(signal: AbortSignal | undefined): Disposable {
    let isMine = false;
    const begin = () => {
      isMine = true;
      this.#begin();
    };
    signal?.addEventListener("abort", begin, { once: true });
    return {
      [Symbol.dispose]: () => {
        signal?.removeEventListener("abort", begin);
        if (isMine) this.#end();
      }
    };
  }

  #begin(): void {
    this.#begun += 1;
    this.#underWay += 1;
    if (this.#underWay > 1) return;
    this.#setAborted(true);
    this.#calm = new Promise((resolve) => {
      this.#becomeCalm = resolve;
    });
  }

  #end(): void {
    this.#underWay -= 1;
    if (this.#underWay > 0) return;
    this.#setAborted(false);
    this.#becomeCalm();
  }
}
