/**
 * A lock between processes: a file that names its owner. An owner that was killed leaves it behind; on the same machine that
 * is seen at once, from another one by its age, since a living owner renews it.
 */
import { randomUUID } from "node:crypto";
import { rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { abortedError } from "../errors.js";
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
  const watch = new LockWatch(path);
  let hasWaited = false;
  while (!(await create(path, owner))) {
    if (await watch.isStale()) {
      await removeStale(watch);
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
async function removeStale(watch: LockWatch): Promise<void> {
  const guard = `${watch.path}.stale`;
  if (!(await create(guard, { pid: process.pid, host: hostname(), token: "" }))) {
    if (await new LockWatch(guard).isStale()) await rm(guard, { force: true });
    return;
  }
  try {
    if (await watch.isStale()) await rm(watch.path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** A lock that somebody else has, as it is seen again and again. */
class LockWatch {
  readonly path: string;
  /** The time of a lock that is said to be of the future, and when we saw that first. */
  #ahead = { mtimeMs: Number.NaN, seenAt: 0 };

  constructor(path: string) {
    this.path = path;
  }

  async isStale(): Promise<boolean> {
    const mtimeMs = await stat(this.path).then(
      (facts) => facts.mtimeMs,
      () => null
    );
    if (mtimeMs === null) return false; // gone in the meantime
    if (this.#age(mtimeMs) > staleMs) return true;
    const owner = await ownerOf(this.path);
    // An owner that is not readable yet is just writing it.
    return owner !== null && owner.host === hostname() && !isAlive(owner.pid);
  }

  /** A clock that is wrong, here or there, makes times of the future: such a lock is as old as we know it unchanged. */
  #age(mtimeMs: number): number {
    const age = Date.now() - mtimeMs;
    if (age >= 0) return age;
    if (this.#ahead.mtimeMs !== mtimeMs) this.#ahead = { mtimeMs, seenAt: performance.now() };
    return performance.now() - this.#ahead.seenAt;
  }
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
