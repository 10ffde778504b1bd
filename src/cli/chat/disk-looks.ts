/** What is where on the disk, for the files that a message may name. */
import { readdir } from "node:fs/promises";
import { holdsDicom, identifyFile, type FoundFile } from "../../formats/identify-file.js";
import { groupBy } from "../../shared/group-by.js";
import { endingsBetween, endingsIn, type Reading } from "./path-readings.js";

/** No file system has longer ones. */
const longestName = 255;

export interface NamedFile {
  readonly path: string;
  /** "elsewhere": on another computer, so that it was not looked for. "base64": a picture as text that does not say so. */
  readonly found: FoundFile | { readonly kind: "elsewhere" | "base64" };
}

/** What is asked of the disk. */
export interface Disk {
  identify(path: string): Promise<FoundFile>;
  /** Names in the working folder. */
  names(): Promise<readonly string[]>;
  holdsDicom(path: string): Promise<boolean>;
  readonly isWindows: boolean;
}

export const disk: Disk = {
  identify: identifyFile,
  names: async () => await readdir(".").catch(() => []),
  holdsDicom,
  isWindows: process.platform === "win32"
};

export interface Word {
  readonly line: string;
  readonly at: number;
  readonly word: string;
  /** Of the line, from `endingsIn`. */
  readonly endings: readonly number[];
}

/** Of the web, or another scheme. "C:" is a drive. */
export function isAddress(path: string): boolean {
  return /^(?:blob:)?[a-z][a-z0-9+.-]+:\/\/[^/\s]/i.test(path) && !/^file:/i.test(path);
}

/**
 * What is where, asked once for each path. A pasted report has thousands of words with slashes: where the first folder of a
 * path is not there, or no such name in this folder, the disk is not asked at all.
 */
export class Looks {
  readonly #disk: Disk;
  readonly #found = new Map<string, Promise<NamedFile["found"]>>();
  /** Names in the working folder, as they are, by how they compare. */
  #names: Promise<ReadonlyMap<string, string>> | undefined;
  #namesWithBlanks: ReadonlyMap<string, readonly string[]> | undefined;

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

  /** Names of this folder that stand where a path would not be looked for: with blanks in them, or behind a label or mark. */
  async namesHereIn({ line, at, word, endings }: Word): Promise<readonly Reading[]> {
    const names = await this.#namesHere();
    const readings: Reading[] = [];
    this.#namesWithBlanks ??= groupBy(
      [...names.keys()].filter((name) => name.includes(" ")),
      (name) => name.split(" ", 1)[0] ?? ""
    );
    for (const name of this.#namesWithBlanks.get(folded(word)) ?? []) {
      const end = at + name.length;
      if (folded(line.slice(at, end)) === name && !/^[\w/\\]/.test(line.slice(end)))
        readings.push({ start: at, end, path: names.get(name) ?? name, isLoose: false });
    }
    readings.sort((a, b) => b.end - a.end);
    for (const end of endingsBetween(endings, at, at + word.length)) {
      const from = Math.max(at, end - longestName);
      for (const { index } of line.slice(from, end).matchAll(/(?<=[^A-Za-z0-9._~/\\-]|(?<![A-Za-z0-9])_)(?=.)/gu)) {
        const path = names.get(folded(line.slice(from + index, end)));
        if (path !== undefined) readings.push({ start: from + index, end, path, isLoose: false });
      }
    }
    return readings;
  }

  async hasFirstFolder(path: string): Promise<boolean> {
    const first = firstFolder(path);
    if (first === null) return false;
    if (isAbsolute(path)) return (await this.at(first)).kind === "folder";
    const names = await this.#namesHere();
    if (!/[*?]/.test(first)) return names.has(folded(first));
    const pattern = new RegExp(
      `^${folded(first)
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".")}$`
    );
    return [...names.keys()].some((name) => pattern.test(name));
  }

  async #look(path: string): Promise<NamedFile["found"]> {
    if (isAddress(path)) return { kind: "missing" };
    // Windows would open a connection, and send who is logged in.
    if (this.#disk.isWindows && /^[\\/]{2}/.test(path)) return { kind: "elsewhere" };
    if (!isAbsolute(path) && !/^\.{1,2}(?:[/\\]|$)/.test(path)) {
      const first = firstFolder(path) ?? path.replace(/[/\\]+$/, "");
      if (!(await this.#namesHere()).has(folded(first))) return { kind: "missing" };
    } else if (isAbsolute(path)) {
      const first = firstFolder(path);
      if (first !== null && first !== path && (await this.at(first)).kind === "missing") return { kind: "missing" };
    }
    return await this.#disk.identify(path);
  }

  async #namesHere(): Promise<ReadonlyMap<string, string>> {
    this.#names ??= this.#disk.names().then((names) => new Map(names.map((name) => [folded(name), name])));
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

/** Some disks do not tell capital letters, or composed accents, from others. People type the usual blank. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase().replace(/\s/gu, " ");
}
