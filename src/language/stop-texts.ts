/** Ends an answer at the first of some texts. One may be spread over tokens, so whatever may still become one is held back. */
export class StopTexts {
  readonly #stops: readonly string[];
  #held = "";
  #isReached = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  /** @returns the part of the answer that is certain now */
  push(text: string): string {
    if (this.#stops.length === 0) return text;
    const whole = this.#held + text;
    const ends = this.#stops.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
    this.#isReached = ends.length > 0;
    const certain = this.#isReached
      ? Math.min(...ends)
      : whole.length - Math.max(...this.#stops.map((stop) => overlap(whole, stop)));
    this.#held = this.#isReached ? "" : whole.slice(certain);
    return whole.slice(0, certain);
  }

  /** What was held back for nothing, at the end of the answer. */
  finish(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** How much of the end of a text is the beginning of another. */
function overlap(text: string, stop: string): number {
  let length = Math.min(text.length, stop.length - 1);
  while (length > 0 && !text.endsWith(stop.slice(0, length))) length -= 1;
  return length;
}
