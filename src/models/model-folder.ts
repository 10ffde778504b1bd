/** The inside of a folder that medgemma-local fills: one process at a time, unfinished files apart from finished ones. */
import { join } from "node:path";
import { acquireLock } from "../shared/file-lock.js";
import { makeFolder } from "./model-home.js";

/** Unfinished files lie in it. */
export const partialFolder = ".partial";
export const lockName = ".lock";

/** Another process may be at work in the folder: how to know and stop waiting. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with a sentence: why nothing happens for a while. */
  readonly onWait?: ((reason: string) => void) | undefined;
}

/** Makes the folder where it is missing. @throws MedGemmaError FILE_UNUSABLE, ABORTED */
export async function lockFolder(folder: string, { signal, onWait }: WaitOptions): Promise<AsyncDisposable> {
  await makeFolder(join(folder, partialFolder));
  return await acquireLock(join(folder, lockName), {
    signal,
    onWait: () => onWait?.(`Another medgemma-local is busy in ${folder}; waiting for it.`)
  });
}
