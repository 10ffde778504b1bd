/**
 * How a stretch of a line may read as a path. Every terminal drops paths in its own way: bare, in quotes of any kind, with
 * escaped blanks or apostrophes, as file: URLs, as Windows paths; and people put marks around them.
 */
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { extensions } from "../../formats/formats.js";

/** A stretch of the line, and the path that it may mean. */
export interface Reading {
  readonly start: number;
  readonly end: number;
  readonly path: string;
  /** It goes on behind a blank that nobody escaped: believed only when such a file is there. */
  readonly isLoose: boolean;
}

/** No system has longer paths. It also bounds how far a closing quote is looked for. */
const longestPath = 4096;

/** Blanks inside a path that nobody escaped. */
const mostBlanks = 8;

/** Opening marks, with those that close them. */
const quotes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "`": "`´'",
  "´": "´",
  "“": "”“",
  "”": "”",
  "„": '“”"',
  "‘": "’",
  "’": "’",
  "‚": "‘’",
  "«": "»",
  "»": "«",
  "‹": "›",
  "›": "‹",
  "″": "″",
  "＂": "＂",
  "「": "」",
  "『": "』",
  "《": "》",
  "〈": "〉",
  "（": "）",
  "(": ")",
  "[": "]",
  "{": "}",
  "<": ">"
};

/** Soft hyphens, zero-width blanks and joiners, marks of direction, byte order marks: they come along when text is copied. */
const invisible = "\\u00ad\\u061c\\u200b-\\u200f\\u2060-\\u2064\\u202a-\\u202e\\u2066-\\u2069\\ufeff";

/** Blanks that belong to names: macOS puts a narrow no-break space into those of screenshots. */
const otherBlanks = "\\u00a0\\u2000-\\u200a\\u202f\\u3000";

/** What people and terminals put in front of a path. */
const markInFront = new RegExp(`^(?:[([{<"'\`´“”„‘’‚″＂«»‹›「『《〈（@!#*_${invisible}])+`);

/** What a sentence puts behind a path, in any script. */
const markBehind = new RegExp(`[?!.,;:)\\]}>'"\`´”’“″＂»›」』》〉）】。、，！？；：…·${invisible}]`);

const ending = new RegExp(`\\.(?:${extensions.map((one) => one.replace(".", "\\.")).join("|")})(?![A-Za-z0-9])`, "gi");

/** A run without ASCII blanks, in which a backslash keeps the next character. */
const bareWord = new RegExp(`(?:\\\\[^\\n]|[^\\s\\\\]|[${otherBlanks}\\ufeff]|\\\\$)+`, "y");

/** The word that begins at a place: what is passed over when it is no path. */
export function wordAt(line: string, start: number): string {
  bareWord.lastIndex = start;
  return bareWord.exec(line)?.[0] ?? line.charAt(start);
}

/** Where names end in a line, by the endings of files. */
export function endingsIn(line: string): readonly number[] {
  return Array.from(line.matchAll(ending), (match) => match.index + match[0].length);
}

/** Whether something is a path by how it begins: at the root, at somebody's home, in a variable, here, on a drive, as a URL. */
export function beginsPath(text: string): boolean {
  return /^(?:\/[^\s/]|~(?:[a-z_][\w.-]+)?[/\\]|\$(?:env:)?\{?[a-z_]\w+\}?[/\\]|%\w+%[/\\]|\.{1,2}[/\\]|[A-Za-z]:[\\/]|\\\\|\/\/|file:)/i.test(
    text
  );
}

/**
 * All readings of what begins at a place, the longest first: "/a/my scan.png" before "/a/my"; those that begin further behind, after
 * a mark or label, come last.
 *
 * @param endings Of the line, from `endingsIn`.
 */
export function readingsAt(line: string, start: number, endings: readonly number[]): readonly Reading[] {
  const word = wordAt(line, start);
  const readings: Reading[] = [
    ...quotedReadings(line, start),
    ...(/['"]/.test(word) ? shellReadings(line, start) : [])
  ];
  for (const from of pathStarts(word)) readings.push(...bareReadings(line, start + from, start + word.length, endings));
  const unique = new Map(readings.map((one) => [`${one.start} ${one.end} ${one.path}`, one]));
  return [...unique.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

function quotedReadings(line: string, start: number): Reading[] {
  const closers = quotes[line.charAt(start)];
  if (closers === undefined) return [];
  const within = line.slice(start + 1, start + 1 + longestPath);
  const length = within.search(new RegExp(`[${closers.replace("]", "\\]")}]`));
  const readings = length < 1 ? [] : asReadings(start, start + 1 + length + 1, within.slice(0, length));
  // Brackets hold half sentences as well.
  return readings.map((one) => ({ ...one, isLoose: /[([{<（]/.test(line.charAt(start)) }));
}

/** How shells write an apostrophe in single quotes: POSIX ends them, PowerShell doubles it, fish escapes it. */
const singleQuoted: readonly { readonly content: string; readonly read: (content: string) => string }[] = [
  { content: "[^']*", read: (content) => content },
  { content: "(?:[^']|'')*", read: (content) => content.replaceAll("''", "'") },
  { content: "(?:[^'\\\\]|\\\\.)*", read: (content) => content.replace(/\\(['\\])/g, "$1") }
];

/** A word as a shell reads it: pieces in quotes, escaped characters and bare ones, one behind the other, as in `'it'\''s.png'`. */
function shellReadings(line: string, start: number): Reading[] {
  const text = line.slice(start, start + longestPath);
  return singleQuoted.flatMap(({ content, read }) => {
    const piece = new RegExp(`\\$?'(${content})'|"((?:[^"\\\\]|\\\\.)*)"|\\\\(.)|([^\\s'"\\\\])`, "y");
    let path = "";
    let end = 0;
    for (let match = piece.exec(text); match !== null; match = piece.exec(text)) {
      const [, single, double, escaped, bare] = match;
      path += single === undefined ? (double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? bare ?? "") : read(single);
      end = piece.lastIndex;
    }
    const isWhole = end > 0 && (end === text.length || /\s/.test(text.charAt(end)));
    return isWhole ? asReadings(start, start + end, path) : [];
  });
}

function bareReadings(line: string, from: number, wordEnd: number, endings: readonly number[]): Reading[] {
  const word = line.slice(from, wordEnd);
  const start = line.charAt(from - 1) === "@" ? from - 1 : from;
  const position = /:\d+(?::\d+)?(?=[.,;:)]?$)/.exec(word.slice(-24));
  const positionStart = position === null ? null : word.length - Math.min(word.length, 24) + position.index;
  const ends = [wordEnd, from + unmarkedLength(word), ...endingsBetween(endings, from, wordEnd)];
  // Some terminals drop a path as it is, blanks and all.
  const looseEnds = beginsPath(word)
    ? [...endingsBetween(endings, wordEnd, from + longestPath), ...nextWordEnds(line, from)]
    : [];
  return [
    ...ends.flatMap((end) => bothReadings(start, end, line.slice(from, end))),
    ...looseEnds
      .filter((end) => end > wordEnd)
      .flatMap((end) => bothReadings(start, end, line.slice(from, end)).map((one) => ({ ...one, isLoose: true }))),
    // "scan.png:10:5", as compilers and editors name a line
    ...(positionStart === null || position === null
      ? []
      : bothReadings(start, from + positionStart + position[0].length, word.slice(0, positionStart)))
  ];
}

function bothReadings(start: number, end: number, text: string): Reading[] {
  return text.includes("\\")
    ? [...asReadings(start, end, text), ...asReadings(start, end, unescaped(text))]
    : asReadings(start, end, text);
}

/** Where a path may begin in a word: at once; behind opening marks; behind a label or letters of another script: `file=/a/b.png`, `看/a/b.png`. */
function pathStarts(word: string): number[] {
  const opened = markInFront.exec(word)?.[0].length ?? 0;
  const inner = /(?<=[^A-Za-z0-9._~\\/-])(?:\/(?=[^/\s])|~\/|[A-Za-z]:\\|file:\/)/i.exec(
    word.slice(0, longestPath)
  )?.index;
  return [...new Set([0, opened, inner ?? 0])].filter((from) => from < word.length);
}

/** Of a word without the marks that a sentence puts behind it. */
function unmarkedLength(word: string): number {
  let end = word.length;
  while (end > 0 && markBehind.test(word.charAt(end - 1))) end -= 1;
  return end;
}

/** The first few. */
export function endingsBetween(endings: readonly number[], from: number, to: number): readonly number[] {
  let [low, high] = [0, endings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((endings[middle] ?? 0) > from) high = middle;
    else low = middle + 1;
  }
  const found = [];
  for (let index = low; index < endings.length && found.length < mostBlanks && (endings[index] ?? 0) <= to; index += 1)
    found.push(endings[index] ?? 0);
  return found;
}

/** The ends of the words behind the first. */
function nextWordEnds(line: string, from: number): number[] {
  const text = line.slice(from, from + longestPath);
  const ends: number[] = [];
  for (const { index } of text.matchAll(/\s(?=\S)|\s*$/g)) {
    if (index > 0) ends.push(from + index);
    if (ends.length > mostBlanks) break;
  }
  return [...ends, from + text.trimEnd().length].flatMap((end) => [end, from + unmarkedLength(line.slice(from, end))]);
}

function asReadings(start: number, end: number, text: string): Reading[] {
  const path = /^file:/i.test(text) ? fromFileUrl(text) : expandVariable(expandHome(text));
  return spellings(path).map((spelling) => ({ start, end, path: spelling, isLoose: false }));
}

/** In a Windows path a backslash parts folders; elsewhere it keeps a blank or a sign. */
function unescaped(text: string): string {
  return /^(?:[A-Za-z]:\\|\\\\)/.test(text) ? text : text.replace(/\\(.)/g, "$1");
}

/** @returns the URL itself where it names no file of this machine: there is none of that name */
function fromFileUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}

export function expandHome(path: string): string {
  return /^~(?=[/\\]|$)/.test(path) ? homedir() + path.slice(1) : path;
}

/** As shells, PowerShell and cmd write a variable in front of a path; one that is not set stays as it is. */
function expandVariable(path: string): string {
  return path.replace(
    /^(?:\$(?:env:)?(?:\{(\w+)\}|(\w+))|%(\w+)%)(?=[/\\])/i,
    (all, ...names: (string | undefined)[]) => process.env[names.slice(0, 3).join("")] ?? all
  );
}

const invisibles = new RegExp(`[${invisible}]`, "g");
const unusualBlanks = new RegExp(`[${otherBlanks}]`, "g");

/** As it stands; without what is invisible; with usual blanks; with its accents composed, and decomposed as macOS stores them. */
function spellings(path: string): string[] {
  if (/^[\x20-\x7e]*$/.test(path)) return path === "" ? [] : [path];
  const visible = path.replace(invisibles, "");
  const all = [
    path,
    visible,
    visible.replace(unusualBlanks, " ").trim(),
    visible.normalize("NFC"),
    visible.normalize("NFD")
  ];
  return [...new Set(all)].filter((one) => one !== "" && !one.includes("\0"));
}

/** A path as it can be typed back: blanks and shell signs escaped. */
export function escapePath(path: string): string {
  return path.replace(/[ \t'"\\()&;]/g, "\\$&");
}
