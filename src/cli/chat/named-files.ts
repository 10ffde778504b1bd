/**
 * The files that a message names: typed, pasted or dropped. What names a file is one of three: found, missing though it is
 * surely meant as a file, or plain text.
 */
import { formatOfName } from "../../formats/formats.js";
import { isBareBase64 } from "../../image/check-source.js";
import { disk, isAddress, Looks, type Disk, type NamedFile, type Word } from "./disk-looks.js";
import { beginsPath, endingsIn, readingsAt, wordAt, type Reading } from "./path-readings.js";

export interface NamedFiles {
  readonly files: readonly NamedFile[];
  /** The message without their names. */
  readonly text: string;
}

export async function findNamedFiles(message: string, on: Disk = disk): Promise<NamedFiles> {
  const look = new Looks(on);
  const files: NamedFile[] = [];
  const lines: string[] = [];
  const isOneLine = !message.trim().includes("\n");
  for (const line of message.split("\n")) lines.push(await readLine(line, { look, files, isOneLine }));
  const text = lines.join("\n");
  return { files, text: files.length === 0 ? message.trim() : closeGaps(text) };
}

/** Paths as an argument, where every word is one. */
export async function pathsIn(argument: string, on: Disk = disk): Promise<string[]> {
  const { files, text } = await findNamedFiles(argument, on);
  if (text === "" && files.length > 0) return files.map(({ path }) => path);
  const paths: string[] = [];
  for (let at = 0; at < argument.length;) {
    const reading = readingsAt(argument, at, []).find(({ start, isLoose }) => start === at && !isLoose);
    const end = reading?.end ?? at + 1;
    if (/\S/.test(argument.charAt(at)) && reading !== undefined) paths.push(reading.path);
    at = Math.max(end, at + 1);
  }
  return paths;
}

interface Search {
  readonly look: Looks;
  /** Grows as files are found. */
  readonly files: NamedFile[];
  /** The message is a single line. */
  readonly isOneLine: boolean;
}

/** @returns the line without the files that were found */
async function readLine(line: string, search: Search): Promise<string> {
  const endings = endingsIn(line);
  let text = "";
  let from = 0;
  for (let at = 0; at < line.length;) {
    if (/\s/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const word = wordAt(line, at);
    const named = await readWord({ line, at, word, endings }, search);
    if (named === null) {
      at += word.length;
      continue;
    }
    const { reading, file } = named;
    text += line.slice(from, at) + (await readLine(line.slice(at, reading.start), search)); // "a.png,/b/c.png"
    search.files.push(file);
    from = reading.end;
    at = Math.max(reading.end, at + 1);
  }
  return text + line.slice(from);
}

interface Named {
  readonly reading: Reading;
  readonly file: NamedFile;
}

async function readWord(place: Word, { look, isOneLine }: Search): Promise<Named | null> {
  const { line, at, word, endings } = place;
  const inline = readInline(word, at);
  if (inline !== null) return inline;
  const here = await look.namesHereIn(place);
  if (here.length === 0 && !(await look.mayNameFile(word))) return null;
  // A name with blanks says more than the first word of it; a name behind a label or mark less than the whole word.
  const readings = [
    ...here.filter(({ start }) => start === at),
    ...readingsAt(line, at, endings),
    ...here.filter(({ start }) => start > at)
  ];
  for (const reading of readings) {
    const found = await look.at(reading.path);
    if (found.kind === "missing") continue;
    return (await look.isMeant(reading.path, found)) ? { reading, file: { path: reading.path, found } } : null;
  }
  // Of what stands in quotes all is meant, of a bare word the least.
  const longestFirst = readings.filter(({ isLoose }) => !isLoose);
  const certain = /^["'`´“”„‘’‚«»‹›「『《〈]/.test(word) ? longestFirst : longestFirst.toReversed();
  const isFirst = line.slice(0, at).trim() === "";
  const isLast = line.slice(at + word.length).trim() === "";
  const isSubject = isOneLine && (isFirst || isLast);
  const slip =
    certain.find(({ path }) => isSurelyFile(path) || isSurelyElsewhere(path, isSubject)) ??
    (await findSlip(certain, { isFirst, word, look }));
  return slip === undefined
    ? null
    : { reading: slip, file: { path: slip.path, found: { kind: isAddress(slip.path) ? "elsewhere" : "missing" } } };
}

/** A picture in the message itself: a data URL, also inside Markdown, HTML or JSON; or its base64 alone, which must not be read as text. */
function readInline(word: string, at: number): Named | null {
  const url = /(?<![a-z])data:(?:[\w.+-]+\/[\w.+-]+[^,\s]{0,200}|[^,\s]{0,200};base64),[^\s"'<>)\]},]*/i.exec(word);
  if (url !== null) {
    const start = at + url.index;
    return {
      reading: { start, end: start + url[0].length, path: url[0], isLoose: false },
      file: { path: url[0], found: { kind: "file", format: formatOfName("inline.png") } }
    };
  }
  const bare = /^["'`]?([A-Za-z0-9+/=]+)/.exec(word)?.[1] ?? "";
  if (!isBareBase64(bare)) return null;
  return {
    reading: { start: at, end: at + word.length, path: "", isLoose: false },
    file: { path: "", found: { kind: "base64" } }
  };
}

/** A path without the ending of a file, where nothing is: a slip where it stands as dropped paths do, or where its folder is there. */
async function findSlip(
  readings: readonly Reading[],
  { isFirst, word, look }: { readonly isFirst: boolean; readonly word: string; readonly look: Looks }
): Promise<Reading | undefined> {
  for (const reading of readings) {
    const { path } = reading;
    if (!/[\p{L}\p{N}]/u.test(path) || isAddress(path)) continue;
    const isPath = beginsPath(path);
    const isDeep = /[^/\\][/\\]+[^/\\\s]/.test(path);
    if (isPath && isDeep && (isFirst || isPlainlyPath(word))) return reading;
    if (isDeep && (await look.hasFirstFolder(path))) return reading;
  }
  return undefined;
}

/** In the middle of a sentence too: quoted, at home, here, on a drive or share, in a variable, or below a folder where systems keep files. */
function isPlainlyPath(word: string): boolean {
  return (
    /^(?:["'`“„«「]|~[/\\]|\.|[A-Za-z]:|\\\\|file:|%\w+%\\|\$env:|\$\{)/i.test(word) ||
    /^\/(?:Users|Volumes|cygdrive|data|home|media|mnt|net|opt|private|root|run|srv|tmp|var)\//.test(word)
  );
}

/** By its ending. A page of the web is cited, not shown; ".nii.gz" is an ending. */
function isSurelyFile(path: string): boolean {
  if (/^(?:\.[a-z0-9]+)+$/i.test(path)) return false;
  const format = formatOfName(path);
  return format !== null && !(format.name === "text" && (isAddress(path) || /^www\./i.test(path)));
}

/** A store, a server's file, a DICOMweb object; a page of the web where the question is about it, not where a sentence cites it. */
function isSurelyElsewhere(path: string, isSubject: boolean): boolean {
  if (!isAddress(path)) return false;
  return (
    isSubject || !/^https?:/i.test(path) || /[?&]requestType=WADO|\/(?:studies|series|instances)\/[\d.]+/i.test(path)
  );
}

/** Leaves a sentence where paths were taken out: one blank between words, none in front of a mark, no empty brackets. */
function closeGaps(text: string): string {
  return text
    .replace(/!?\[([^[\]]*)\]\(\s*\)|\(\s*\)|\[\s*\]|<\s*>/g, "$1")
    .replace(/[ \t]{2,}/g, " ")
    .replace(/ ([?!.,;:])/g, "$1")
    .replace(/^[ \t?!.,;:&。，、]+$/gm, "")
    .trim();
}
