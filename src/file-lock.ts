/**
 * A lock between processes: a file that names its owner. An owner that was killed leaves it behind; on the same machine that
 * is seen at once, from another one by its age, since a living owner renews it.
 */
import { randomUUID } from "node:crypto";
import { rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { abortedError } from "./errors.js";
import { openRegularFile } from "./regular-file.js";
import { asWriteError } from "./write-file.js";

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

const renewMs = 5000;
const staleMs = 30_000;
const pollMs = 200;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, when another process holds the lock. */
  readonly onWait?: (() => void) | undefined;
}

/** Waits until nobody else holds `path`. @throws MedGemmaError FILE_UNUSABLE, ABORTED */
export async function acquireLock(path: string, { signal, onWait }: LockOptions = {}): Promise<AsyncDisposable> {
  const owner: Owner = { pid: process.pid, host: hostname(), token: randomUUID() };
  let hasWaited = false;
  while (!(await create(path, owner))) {
    if (await isStale(path)) {
      await removeStale(path);
      continue;
    }
    if (!hasWaited) onWait?.();
    hasWaited = true;
    await sleep(pollMs, undefined, { signal }).catch(() => {
      throw abortedError("Waiting for another process", signal);
    });
  }
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, renewMs);
  renewal.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      if ((await ownerOf(path))?.token === owner.token) await rm(path, { force: true });
    }
  };
}

async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw asWriteError(error, path);
  }
}

/** Two that find the same stale lock must not both remove it: the second would remove the first one's new lock. */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.stale`;
  if (!(await create(guard, { pid: process.pid, host: hostname(), token: "" }))) {
    if (await isStale(guard)) await rm(guard, { force: true });
    return;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function isStale(path: string): Promise<boolean> {
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => null
  );
  if (age === null) return false; // gone in the meantime
  if (age > staleMs) return true;
  const owner = await ownerOf(path);
  // An owner that is not readable yet is just writing it.
  return owner !== null && owner.host === hostname() && !isAlive(owner.pid);
}

async function ownerOf(path: string): Promise<Owner | null> {
  try {
    await using file = await openRegularFile(path);
    return JSON.parse(await file.readFile("utf8")) as Owner;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
