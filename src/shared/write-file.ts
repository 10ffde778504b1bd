/** Writes files as the shell does, and what is there as a file in one step: an interruption leaves the older one whole and no half file behind. */
import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, lstat, open, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { MedGemmaError } from "../errors.js";

/** What is written: at once, or piece by piece, maybe a second time from the start. */
export type FileContent = Uint8Array | string | AsyncIterable<string>;

/**
 * Links are followed. A pipe or a device is written into. A file that is there keeps its permissions and its owner.
 *
 * @param options.mode Permissions of the file, the one that was there included. Default: those that it has; of a new one the
 *   user's own (umask).
 * @throws MedGemmaError FILE_UNUSABLE, DISK_FULL
 */
export async function writeFileAtomically(
  path: string,
  content: FileContent,
  options: { readonly mode?: number } = {}
): Promise<void> {
  try {
    const there = await unlessMissing(stat(path));
    const target = await targetOf(path, there);
    if (there !== null && mustBeWrittenInto(there, target)) await writeInto(path, content);
    else await replace(target, content, { there, mode: options.mode });
  } catch (error) {
    throw asWriteError(error, path);
  }
}

/** Where a path ends behind all its links; the last one may lead to a file that is not there yet. */
async function targetOf(path: string, there: Stats | null): Promise<string> {
  if (there !== null) return (await unlessMissing(realpath(path))) ?? path;
  let target = path;
  for (let links = 0; links < 40; links += 1) {
    if ((await unlessMissing(lstat(target)))?.isSymbolicLink() !== true) return target;
    target = resolve(dirname(target), await readlink(target));
  }
  return target;
}

/** What another name or an open descriptor leads to as well (`/dev/stdout`), or is no file at all: a new file would only take its name. */
function mustBeWrittenInto(there: Stats, target: string): boolean {
  return !there.isFile() || there.nlink > 1 || /^\/(?:dev|proc)\//.test(target);
}

async function writeInto(path: string, content: FileContent): Promise<void> {
  // Nothing is created: what was here a moment ago is what is meant.
  await using file = await open(path, constants.O_WRONLY | constants.O_TRUNC);
  await writeFile(file, content);
}

interface Replacement {
  readonly there: Stats | null;
  readonly mode: number | undefined;
}

async function replace(target: string, content: FileContent, { there, mode }: Replacement): Promise<void> {
  if (there !== null) await access(target, constants.W_OK);
  // Of a name that nobody can know before, and new: what somebody else put there is not opened, link or not.
  const partial = join(dirname(target), `.${randomBytes(12).toString("hex")}.partial`);
  try {
    await writePartial(partial, content, { there, mode });
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    // The folder cannot be written to, or the file is mounted by itself, or its owner cannot be kept: then the file as it is.
    if (
      there === null ||
      mode !== undefined ||
      !["EACCES", "EPERM", "EBUSY", "EXDEV", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "")
    )
      throw error;
    await writeInto(target, content);
  }
}

async function writePartial(partial: string, content: FileContent, { there, mode }: Replacement): Promise<void> {
  await using file = await open(partial, "wx", mode ?? (there === null ? 0o666 : 0o600));
  const facts = await file.stat();
  // What is meant for one reader alone becomes our own file, whoever had one of that name.
  if (there !== null && mode === undefined && (there.uid !== facts.uid || there.gid !== facts.gid))
    await file.chown(there.uid, there.gid);
  // On the descriptor: the umask does not take part.
  const wanted = mode ?? (there === null ? undefined : there.mode & 0o7777);
  if (wanted !== undefined) await file.chmod(wanted);
  await writeFile(file, content);
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | null> {
  return await asked.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  });
}

/** A file or folder that cannot be written, in our words. */
export function asWriteError(error: unknown, path: string): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new MedGemmaError(
      "DISK_FULL",
      `No space left on the disk while writing ${path}. Free some space, then try again.`,
      { cause: error }
    );
  }
  // Of the system's words without the path, which may be that of a partial file.
  const known: Readonly<Record<string, string>> = {
    ENOENT: "there is no such folder",
    ENOTDIR: "its folder is a file",
    EROFS: "the file system is read-only",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EISDIR: "it is a folder",
    ELOOP: "its links lead in a circle"
  };
  return new MedGemmaError(
    "FILE_UNUSABLE",
    `${path} cannot be written: ${known[code] ?? message.replace(/, \w+ '.*$/s, "")}. Choose another folder.`,
    { cause: error }
  );
}
