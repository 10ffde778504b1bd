/** How many terminal columns a text takes, and how to cut it to fit. Knows wide characters, marks and emoji; no escape codes. */
import { columnsOf } from "./terminal.js";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** East Asian wide and fullwidth blocks (Unicode UAX #11), and characters that are drawn as emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;

export function displayWidth(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += graphemeWidth(segment);
  return columns;
}

/** The beginning of `text` in at most `columns` columns, with an ellipsis where something was cut. */
export function fitToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let fitted = "";
  let used = 1; // the ellipsis
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > columns) break;
    fitted += segment;
  }
  return columns < 1 ? "" : `${fitted}…`;
}

/** Breaks a text into terminal rows, at blanks where there are some. A terminal of 0 columns does not know how many it has. */
export function wrapToWidth(text: string, columns: number): string[] {
  const width = Math.max(columnsOf({ columns }), 2);
  return text.split("\n").flatMap((line) => wrapLine(line, width));
}

function wrapLine(line: string, columns: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of line.split(/(?<= )/)) {
    if (displayWidth(row) + displayWidth(word.trimEnd()) > columns && row !== "") {
      rows.push(row.trimEnd());
      row = "";
    }
    for (const { segment } of graphemes.segment(word)) {
      if (displayWidth(row) + graphemeWidth(segment) > columns && segment !== " ") {
        rows.push(row);
        row = "";
      }
      row += segment;
    }
  }
  return [...rows, row.trimEnd()];
}

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
