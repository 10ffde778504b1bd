/** One line of progress on a terminal that is replaced as work goes on and vanishes at its end. Silent elsewhere. */
import type { ReplyProgress } from "../../chat/types.js";
import { fitToWidth } from "./display-width.js";
import { plainText } from "./plain-text.js";
import { canMoveCursor, columnsOf, dim, type OutputStream } from "./terminal.js";

export class StatusLine {
  readonly #stream: OutputStream;
  #shown = false;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  show(text: string): void {
    if (!canMoveCursor(this.#stream)) return;
    // One column stays free: some terminals wrap as soon as the last one is filled.
    const line = fitToWidth(plainText(text).replaceAll("\n", " "), columnsOf(this.#stream) - 1);
    this.#stream.write(`\r\u001b[2K${dim(line, this.#stream)}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[2K");
    this.#shown = false;
  }
}

/** For `onTrial`: without a word a first start would look stuck. */
export function showTrial(status: StatusLine): (backend: string) => void {
  return (backend) => status.show(`trying ${backend} on a known image, once`);
}

/** For `onProgress` of a question. */
export function showProgress(status: StatusLine): (progress: ReplyProgress) => void {
  return (progress) => {
    const text = describeProgress(progress);
    if (text === null) status.clear();
    else status.show(text);
  };
}

/** Progress in words; null where there is nothing to wait for. */
export function describeProgress(progress: ReplyProgress): string | null {
  switch (progress.stage) {
    case "encode":
      return `encoding image ${progress.image} of ${progress.images} · layer ${progress.layer}/${progress.layers}`;
    case "prefill":
      return `reading ${progress.tokens} tokens`;
    case "waiting":
      return "waiting for another question to end";
    case "generate":
      return null;
  }
}
