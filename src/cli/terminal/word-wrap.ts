/** Breaks a text at blanks while it streams in: a word that grows over the edge is taken back and put on the next row. */
import { displayWidth } from "./display-width.js";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export class WordWrap {
  #column = 0;
  /** The word at the cursor, as far as it is written. */
  #word = "";

  /** @returns what to write to a terminal of so many columns */
  add(text: string, columns: number): string {
    let written = "";
    for (const { segment } of graphemes.segment(text)) written += this.#place(segment, columns);
    return written;
  }

  #place(segment: string, columns: number): string {
    if (segment === "\n" || segment === "\r\n") {
      this.#column = 0;
      this.#word = "";
      return "\n";
    }
    const width = segment === "\t" ? 8 - (this.#column % 8) : displayWidth(segment);
    const fits = this.#column + width < columns;
    if (segment === " " || segment === "\t") {
      this.#word = "";
      if (!fits) return ""; // a blank at the edge is the break itself
      this.#column += width;
      return segment;
    }
    if (fits) {
      this.#column += width;
      this.#word += segment;
      return segment;
    }
    const wordWidth = displayWidth(this.#word);
    const startsRow = wordWidth === this.#column;
    const carried = startsRow ? "" : this.#word;
    this.#word = carried + segment;
    this.#column = (startsRow ? 0 : wordWidth) + width;
    const takenBack = carried === "" ? "" : `\u001b[${wordWidth}D\u001b[K`;
    return `${takenBack}\n${carried}${segment}`;
  }
}
