/**
 * JSON.parse for files of many megabytes: brackets are matched here, level by level, and what is small is parsed by JSON.parse.
 * The result is the same, and so is what is refused.
 */
import type { Steps } from "./time-slices.js";

/** Parsed at once in less than a millisecond. */
const smallBytes = 2 ** 15;

const [quote, backslash, comma, colon, openBrace, closeBrace, openBracket, closeBracket] = [
  ...Buffer.from('"\\,:{}[]')
] as [number, number, number, number, number, number, number, number];

/** Each level is looked through once more; what lies deeper is one step. */
const maxLevels = 16;

/** @param bytes UTF-8. @throws SyntaxError */
export function* parseJsonInSteps(bytes: Buffer, levels = maxLevels): Steps<unknown> {
  yield;
  const trimmed = withoutBlanks(bytes);
  const open = trimmed[0];
  const isObject = open === openBrace;
  // A long text is one step: it is only copied.
  if (levels === 0 || trimmed.length <= smallBytes || (!isObject && open !== openBracket))
    return JSON.parse(trimmed.toString()) as unknown;
  if (trimmed.at(-1) !== (isObject ? closeBrace : closeBracket)) throw new SyntaxError("A bracket is not closed.");
  const entries: [string, unknown][] = [];
  const items: unknown[] = [];
  for (const { from, colonAt, to } of yield* membersOf(trimmed)) {
    if (!isObject) items.push(yield* parseJsonInSteps(trimmed.subarray(from, to), levels - 1));
    else {
      const name: unknown = colonAt === -1 ? undefined : JSON.parse(trimmed.subarray(from, colonAt).toString());
      if (typeof name !== "string") throw new SyntaxError("A member has no name.");
      entries.push([name, yield* parseJsonInSteps(trimmed.subarray(colonAt + 1, to), levels - 1)]);
    }
  }
  return isObject ? Object.fromEntries(entries) : items; // "__proto__" is a name like others, as with JSON.parse
}

interface Member {
  readonly from: number;
  /** −1: there is none. */
  readonly colonAt: number;
  readonly to: number;
}

/** What stands between the commas of the outermost brackets. */
function* membersOf(bytes: Buffer): Steps<Member[]> {
  const members: Member[] = [];
  const end = bytes.length - 1;
  let [from, colonAt, depth] = [1, -1, 0];
  for (let at = 1, step = 1; at < end; at += 1, step += 1) {
    if (step % smallBytes === 0) yield;
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at);
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    else if (depth === 0 && byte === colon && colonAt === -1) colonAt = at;
    else if (depth === 0 && byte === comma) {
      members.push({ from, colonAt, to: at });
      [from, colonAt] = [at + 1, -1];
    }
    if (depth < 0) break;
  }
  if (depth !== 0) throw new SyntaxError("A bracket is not closed.");
  members.push({ from, colonAt, to: end });
  return members;
}

/** @returns where its closing quote is */
function endOfText(bytes: Buffer, start: number): number {
  for (let at = start; ;) {
    at = bytes.indexOf(quote, at + 1);
    if (at === -1) throw new SyntaxError("A text is not closed.");
    let escapes = 0;
    while (bytes[at - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
}

/** JSON's own: blank, tab, line feed, carriage return. */
function withoutBlanks(bytes: Buffer): Buffer {
  const isBlank = (at: number) => bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0a || bytes[at] === 0x0d;
  let [from, to] = [0, bytes.length];
  while (from < to && isBlank(from)) from += 1;
  while (to > from && isBlank(to - 1)) to -= 1;
  return bytes.subarray(from, to);
}
