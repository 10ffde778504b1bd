/** What the streams of this process can show: colours, a moving cursor, or plain text only. */

export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Columns where nobody says how many: pipes, and terminals that are not told yet (`docker run -t`, `script`, expect say 0). */
const usualColumns = 80;

export function columnsOf({ columns = 0 }: { readonly columns?: number }): number {
  return columns > 0 ? columns : usualColumns;
}

/** A terminal on which a line can be replaced. */
export function canMoveCursor(stream: OutputStream): boolean {
  return stream.isTTY === true && process.env.TERM !== "dumb";
}

/** no-color.org: any value that is not empty switches colours off. */
export function hasColour(stream: OutputStream): boolean {
  return canMoveCursor(stream) && (process.env.NO_COLOR ?? "") === "";
}

export function dim(text: string, stream: OutputStream): string {
  return hasColour(stream) ? `\u001b[2m${text}\u001b[22m` : text;
}

export function bold(text: string, stream: OutputStream): string {
  return hasColour(stream) ? `\u001b[1m${text}\u001b[22m` : text;
}

export function green(text: string, stream: OutputStream): string {
  return hasColour(stream) ? `\u001b[32m${text}\u001b[39m` : text;
}

export function red(text: string, stream: OutputStream): string {
  return hasColour(stream) ? `\u001b[31m${text}\u001b[39m` : text;
}
