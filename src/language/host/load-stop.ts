/**
 * The caller's signal for node-llama-cpp's `loadModel`, held back until weights are being read. One that fires between the
 * making of its model object and the start of the reading leaves a callback behind that keeps the process from ending
 * (node-llama-cpp 3.21.1, LlamaModel._create).
 */
export class LoadStop implements Disposable {
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #hasBegun = false;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener("abort", this.#forward);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Call it at the first news of the load; a stop from before counts from now on. */
  begin(): void {
    this.#hasBegun = true;
    this.#forward();
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener("abort", this.#forward);
  }

  readonly #forward = (): void => {
    if (this.#hasBegun && this.#signal?.aborted === true) this.#controller.abort(this.#signal.reason);
  };
}
