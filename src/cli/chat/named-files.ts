/**
 * The files that a message names: typed, pasted or dropped. What names a file is one of three: found, missing though it is
 * surely meant as a file, or plain text.
 */
import { readdir } from "node:fs/promises";
import { formatOfName } from "../../formats/formats.js";
import { holdsDicom, identifyFile, type FoundFile } from "../../formats/identify-file.js";
import { beginsPath, endingsIn, readingsAt, wordAt, type Reading } from "./path-readings.js";

export interface NamedFile {
  readonly path: string;
  /** "elsewhere": on another computer, so that it was not looked for. */
  readonly found: FoundFile | { readonly kind: "elsewhere" };
}

export interface NamedFiles {
  readonly files: readonly NamedFile[];
  /** The message without their names. */
  readonly text: string;
}

/** What is asked of the disk. */
export interface Disk {
  identify(path: string): Promise<FoundFile>;
  /** Names in the working folder. */
  names(): Promise<readonly string[]>;
  holdsDicom(path: string): Promise<boolean>;
  readonly isWindows: boolean;
}

const disk: Disk = {
  identify: identifyFile,
  names: async () => await readdir(".").catch(() => []),
  holdsDicom,
  isWindows: process.platform === "win32"
};

export async function findNamedFiles(message: string, on: Disk = disk): Promise<NamedFiles> {
  const look = new Looks(on);
  const files: NamedFile[] = [];
  const lines: string[] = [];
  for (const line of message.split("\n")) lines.push(await readLine(line, look, files));
  const text = lines.join("\n");
  return { files, text: files.length === 0 ? message.trim() : closeGaps(text) };
}

/** Paths as an argument, where every word is one. */
export async function pathsIn(argument: string, on: Disk = disk): Promise<string[]> {
  const { files, text } = await findNamedFiles(argument, on);
  if (text === "" && files.length > 0) return files.map(({ path }) => path);
  const paths: string[] = [];
  for (let at = 0; at < argument.length; ) {
    const reading = readingsAt(argument, at, []).find(({ start, isLoose }) => start === at && !isLoose);
    const end = reading?.end ?? at + 1;
    if (/\S/.test(argument.charAt(at)) && reading !== undefined) paths.push(reading.path);
    at = Math.max(end, at + 1);
  }
  return paths;
}

/** @returns the line without the files that were found */
async function readLine(line: string, look: Looks, files: NamedFile[]): Promise<string> {
  const endings = endingsIn(line);
  let text = "";
  let from = 0;
  for (let at = 0; at < line.length; ) {
    if (/\s/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const word = wordAt(line, at);
    const named = await readWord(line, at, word, endings, look);
    if (named === null) {
      at += word.length;
      continue;
    }
    const { reading, file } = named;
    files.push(file);
    text += line.slice(from, reading.start);
    from = reading.end;
    at = Math.max(reading.end, at + 1);
  }
  return text + line.slice(from);
}

interface Named {
  readonly reading: Reading;
  readonly file: NamedFile;
}

async function readWord(line: string, at: number, word: string, endings: readonly number[], look: Looks): Promise<Named | null> {
  if (/^data:[^,\s]{0,200},/i.test(word)) return { reading: { start: at, end: at + word.length, path: word, isLoose: false }, file: { path: word, found: { kind: "file", format: formatOfName("inline.png") } } };
  if (!(await look.mayNameFile(word))) return null;
  const readings = readingsAt(line, at, endings);
  for (const reading of readings) {
    const found = await look.at(reading.path);
    if (found.kind === "missing") continue;
    return (await look.isMeant(reading.path, found)) ? { reading, file: { path: reading.path, found } } : null;
  }
  // Of what stands in quotes all is meant, of a bare word the least.
  const longestFirst = readings.filter(({ isLoose }) => !isLoose);
  const certain = /^["'`´“”„‘’‚«»‹›「『《〈]/.test(word) ? longestFirst : longestFirst.toReversed();
  const slip = certain.find(({ path }) => isSurelyFile(path)) ?? (await findSlip(certain, { isFirst: line.slice(0, at).trim() === "", word, look }));
  return slip === undefined ? null : { reading: slip, file: { path: slip.path, found: { kind: isAddress(slip.path) ? "elsewhere" : "missing" } } };
}

/** A path without the ending of a file, where nothing is: a slip where it stands as dropped paths do, or where its folder is there. */
async function findSlip(readings: readonly Reading[], { isFirst, word, look }: { readonly isFirst: boolean; readonly word: string; readonly look: Looks }): Promise<Reading | undefined> {
  for (const reading of readings) {
    const { path } = reading;
    if (!/[\p{L}\p{N}]/u.test(path) || isAddress(path)) continue;
    const isPath = beginsPath(path);
    const isDeep = /[^/\\][/\\]+[^/\\]/.test(path);
    if (isPath && isDeep && (isFirst || /^(?:["'`“„«「]|~|\.|[A-Za-z]:|\\\\|file:)/i.test(word))) return reading;
    if (isDeep && (await look.hasFirstFolder(path))) return reading;
  }
  return undefined;
}

/** By its ending. A page of the web is cited, not shown. */
function isSurelyFile(path: string): boolean {
  const format = formatOfName(path);
  return format !== null && !(format.name === "text" && (isAddress(path) || /^www\./i.test(path)));
}

/** Of the web, or another scheme. "C:" is a drive. */
function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) && !/^file:/i.test(path);
}

/**
 * What is where, asked once for each path. A pasted report has thousands of words with slashes: where the first folder of a
 * path is not there, or no such name in this folder, the disk is not asked at all.
 */
class Looks {
  readonly #disk: Disk;
  readonly #found = new Map<string, Promise<NamedFile["found"]>>();
  #names: Promise<ReadonlySet<string>> | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Whether a word is worth a closer look. */
  async mayNameFile(word: string): Promise<boolean> {
    if (/[/\\"'`“”„‘’‚«»‹›「『《〈（([{<]/.test(word) || endingsIn(word).length > 0) return true;
    const names = await this.#namesHere();
    return names.has(folded(word)) || names.has(folded(word.replace(/[^\p{L}\p{N}]+$/u, "")));
  }

  async at(path: string): Promise<NamedFile["found"]> {
    const known = this.#found.get(path) ?? this.#look(path);
    this.#found.set(path, known);
    return await known;
  }

  /** A name without a slash, or ending, that happens to be in this folder is a word; a picture of that name is meant. */
  async isMeant(path: string, found: NamedFile["found"]): Promise<boolean> {
    if (!/[\p{L}\p{N}]/u.test(path)) return false; // "/", "..", "~"
    if (/[/\\]/.test(path)) return true;
    if (found.kind === "folder") return await this.#disk.holdsDicom(path);
    return found.kind !== "file" || found.format !== null || /[^.]\.[^.]/.test(path);
  }

  async hasFirstFolder(path: string): Promise<boolean> {
    const first = firstFolder(path);
    if (first === null) return false;
    return isAbsolute(path) ? (await this.at(first)).kind === "folder" : (await this.#namesHere()).has(folded(first));
  }

  async #look(path: string): Promise<NamedFile["found"]> {
    if (isAddress(path)) return { kind: "missing" };
    // Windows would open a connection, and send who is logged in.
    if (this.#disk.isWindows && /^[\\/]{2}/.test(path)) return { kind: "elsewhere" };
    if (!isAbsolute(path) && !/^\.{1,2}(?:[/\\]|$)/.test(path)) {
      const first = firstFolder(path) ?? path;
      if (!(await this.#namesHere()).has(folded(first))) return { kind: "missing" };
    } else if (isAbsolute(path)) {
      const first = firstFolder(path);
      if (first !== null && first !== path && (await this.at(first)).kind === "missing") return { kind: "missing" };
    }
    return await this.#disk.identify(path);
  }

  async #namesHere(): Promise<ReadonlySet<string>> {
    this.#names ??= this.#disk.names().then((names) => new Set(names.map(folded)));
    return await this.#names;
  }
}

function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** "/a" of "/a/b.png", "C:\\" of "C:\\b.png", "a" of "a/b.png"; null: there is none in front of the name. */
function firstFolder(path: string): string | null {
  return /^(?:[A-Za-z]:[/\\](?=.)|[/\\]*[^/\\]+(?=[/\\]+[^/\\]))/.exec(path)?.[0] ?? null;
}

/** Some disks do not tell capital letters, or composed accents, from others. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
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
