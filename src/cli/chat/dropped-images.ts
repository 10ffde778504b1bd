/**
 * Finds image paths in a typed, pasted or dropped line: bare, in quotes, with escaped blanks, as file: URLs, or as Windows
 * paths. What is no image file stays text.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const imageExtensions: ReadonlySet<string> = new Set([
  ".png", ".jpg", ".jpeg", ".jpe", ".webp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif"
]);

/** First bytes of PNG, JPEG, GIF, TIFF (both byte orders), WebP (RIFF....WEBP) and AVIF/HEIC (....ftyp). */
const magic = /^(?:\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|RIFF[^]{4}WEBP|[^]{4}ftyp(?:avif|avis|heic|heix|mif1))/;

/** A stretch of the line that may be a path, and how it reads as one: the likeliest reading first. */
export interface PathToken {
  readonly start: number;
  readonly end: number;
  readonly readings: readonly string[];
}

export interface DroppedImages {
  readonly paths: readonly string[];
  /** The line without them. */
  readonly text: string;
  /** Names that end like an image's, where there is no such file: surely a slip. */
  readonly missing: readonly string[];
}

export type FileTest = (path: string) => "image" | "other" | "missing";

export function findDroppedImages(line: string, test: FileTest = testFile): DroppedImages {
  // Some terminals drop a path as it is, blanks and all.
  const whole = expandHome(line.trim());
  if (!whole.includes("\n") && /[/\\]/.test(whole) && test(whole) === "image") return { paths: [whole], text: "", missing: [] };

  const paths: string[] = [];
  const missing: string[] = [];
  let text = "";
  let from = 0;
  for (const token of pathTokens(line)) {
    const path = token.readings.find((reading) => test(reading) === "image");
    if (path !== undefined) {
      const quoteLength = trailingPunctuation(line.slice(token.start, token.end), path);
      paths.push(path);
      text += line.slice(from, token.start);
      from = token.end - quoteLength;
    } else {
      const [slip] = token.readings.filter((reading) => looksLikeImage(reading) && test(reading) === "missing").slice(-1);
      if (slip !== undefined) missing.push(slip);
    }
  }
  text += line.slice(from);
  return { paths, text: paths.length === 0 ? text.trim() : closeGaps(text), missing };
}

/** Every word or quoted stretch of a line. */
export function pathTokens(line: string): PathToken[] {
  const tokens: PathToken[] = [];
  // A quoted stretch, or a run without blanks in which a backslash keeps the next character. Only ASCII blanks part words:
  // macOS puts a narrow no-break space into the names of screenshots.
  const pattern = /"([^"\n]+)"|'([^'\n]+)'|(?:\\[^\n]|[^\s\\]|[\u00a0\u2000-\u200a\u202f\u3000]|\\$)+/g;
  for (const match of line.matchAll(pattern)) {
    const quoted = match[1] ?? match[2];
    const readings = quoted === undefined ? readBareWord(match[0]) : readQuoted(quoted);
    tokens.push({ start: match.index, end: match.index + match[0].length, readings });
  }
  return tokens;
}

/** A path as it can be typed back: blanks and shell signs escaped. */
export function escapePath(path: string): string {
  return path.replace(/[ \t'"\\()&;]/g, "\\$&");
}

export function expandHome(path: string): string {
  return /^~(?=[/\\]|$)/.test(path) ? homedir() + path.slice(1) : path;
}

export function looksLikeImage(path: string): boolean {
  return imageExtensions.has(extname(path).toLowerCase());
}

export function testFile(path: string): ReturnType<FileTest> {
  try {
    if (!statSync(path).isFile()) return "other";
    return looksLikeImage(path) || hasImageMagic(path) ? "image" : "other";
  } catch {
    return "missing";
  }
}

function hasImageMagic(path: string): boolean {
  const head = Buffer.alloc(16);
  const file = openSync(path, "r");
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return magic.test(head.toString("latin1"));
}

function readQuoted(text: string): string[] {
  return [fromFileUrl(text) ?? expandHome(text)];
}

function readBareWord(word: string): string[] {
  const url = fromFileUrl(word);
  if (url !== null) return [url];
  // In a Windows path a backslash parts folders; elsewhere it keeps a blank or a sign.
  const isWindowsPath = /^(?:[A-Za-z]:\\|\\\\)/.test(word);
  const path = expandHome(isWindowsPath ? word : word.replace(/\\(.)/g, "$1"));
  const bare = path.replace(/[?!.,;:)]+$/, "").replace(/^\(/, "");
  return [...new Set([path, bare])].filter((reading) => reading !== "");
}

function fromFileUrl(text: string): string | null {
  if (!/^file:\/\//i.test(text)) return null;
  try {
    return fileURLToPath(text);
  } catch {
    return null;
  }
}

/** How many characters behind the path belong to the sentence: the question mark of `scan.png?`. */
function trailingPunctuation(word: string, path: string): number {
  const tail = /[?!.,;:)]+$/.exec(word)?.[0] ?? "";
  return tail !== "" && !path.endsWith(tail) ? tail.length : 0;
}

/** Leaves a sentence where paths were taken out: one blank between words, none in front of a mark. */
function closeGaps(text: string): string {
  return text
    .replace(/[ \t]{2,}/g, " ")
    .replace(/ +([?!.,;:])/g, "$1")
    .replace(/^[ \t?!.,;:]+$/, "")
    .trim();
}
