/** Puts lines together into one message: a line that ends in a backslash goes on, and so do the lines of one paste. */

export class MessageLines {
  #lines: string[] = [];

  /** Whether a message has begun and is not yet whole. */
  get isOpen(): boolean {
    return this.#lines.length > 0;
  }

  /** @returns the whole message, or null while more is to come */
  add(line: string, { pasted }: { readonly pasted: boolean }): string | null {
    const continues = /(?<!\\)\\$/.test(line);
    this.#lines.push(continues && !pasted ? line.slice(0, -1) : line);
    if (continues || pasted) return null;
    const message = this.#lines.join("\n");
    this.clear();
    return message;
  }

  /** What there is when input ends in the middle; null when nothing had begun. */
  finish(): string | null {
    const message = this.isOpen ? this.#lines.join("\n") : null;
    this.clear();
    return message;
  }

  clear(): void {
    this.#lines = [];
  }
}
