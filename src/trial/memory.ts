/** Remembers trials in the user's folder, so that later starts cost nothing. It may be damaged, missing or read-only: then backends are tried again. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { acquireLock } from "../shared/file-lock.js";
import { makeFolder, modelHome } from "../models/model-home.js";
import { writeFileAtomically } from "../shared/write-file.js";
import type { Trial } from "./trial.js";

/** Of different drivers and settings; the oldest go. */
const maxTrials = 32;

const file = () => join(modelHome(), "backend-trials.json");

export async function recallTrial(key: string): Promise<Trial | null> {
  return (await read()).get(key) ?? null;
}

export async function rememberTrial(key: string, trial: Trial): Promise<void> {
  const trials = await read();
  trials.delete(key);
  const kept = [...trials, [key, trial] as const].slice(-maxTrials);
  await makeFolder(modelHome())
    .then(() => writeFileAtomically(file(), `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`, { mode: 0o600 }))
    .catch(() => undefined); // a folder that cannot be written costs a trial at each start, nothing else
}

/** What is remembered, the oldest first. */
export async function recallTrials(): Promise<readonly Trial[]> {
  return [...(await read()).values()];
}

/** All backends are tried again when they are used next. */
export async function forgetTrials(): Promise<void> {
  await rm(file(), { force: true }).catch(() => undefined);
}

/** One process tries, the others wait for what it finds. Where no lock can be had, each tries by itself. */
export async function lockTrials(signal?: AbortSignal): Promise<AsyncDisposable> {
  try {
    await makeFolder(modelHome());
    return await acquireLock(`${file()}.lock`, { signal });
  } catch {
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
}

async function read(): Promise<Map<string, Trial>> {
  try {
    const content: unknown = JSON.parse(await readFile(file(), "utf8"));
    return new Map(Object.entries(content ?? {}).filter((entry): entry is [string, Trial] => isTrial(entry[1])));
  } catch {
    return new Map();
  }
}

function isTrial(value: unknown): value is Trial {
  if (typeof value !== "object" || value === null) return false;
  const { backend, outcome, reason, triedAt } = value as Record<keyof Trial, unknown>;
  return (
    ["metal", "cuda", "vulkan"].includes(backend as string) &&
    ["good", "failed", "absent"].includes(outcome as string) &&
    (reason === null || typeof reason === "string") &&
    typeof triedAt === "string"
  );
}
