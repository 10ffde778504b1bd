/** How often and how soon something is tried again. */
import { setTimeout as sleep } from "node:timers/promises";
import { abortedError, MedGemmaError } from "../../errors.js";
import { Interruption } from "./http.js";

/** Tries in a row that bring nothing; with the waits between them a dead server is given up after about a minute. */
const maxTries = 5;

const firstWaitMs = 1000;

/** A server that asks for longer waits is left alone: the user may come back. */
const longestWaitMs = 60_000;

export interface RetryOptions {
  /** What is missing if it fails, and what the user can do then. */
  readonly what: string;
  readonly advice: string;
  /** Anything that grows when something was won: the count begins anew. */
  readonly progress?: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait, with the reason. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

/**
 * @throws what `run` throws, when it is no Interruption; MedGemmaError DOWNLOAD_FAILED after too many of these, ABORTED
 */
export async function withRetries<T>(
  run: () => Promise<T>,
  { what, advice, progress = () => 0, signal, onRetry }: RetryOptions
): Promise<T> {
  let tries = 0;
  let won = progress();
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      if (progress() > won) tries = 0;
      won = progress();
      tries += 1;
      const waitMs = error.retryAfterMs ?? firstWaitMs * 2 ** (tries - 1);
      if (tries >= maxTries || waitMs > longestWaitMs) {
        const often = waitMs > longestWaitMs ? `, and asks to wait ${Math.ceil(waitMs / 1000)} s` : ` (${tries} attempts)`;
        throw new MedGemmaError("DOWNLOAD_FAILED", `Could not get ${what}: ${error.message}${often}. ${advice}`, { cause: error });
      }
      onRetry?.(`${error.message}; trying again`);
      // A little apart, so that several do not come back in the same moment.
      await sleep(waitMs * (1 + Math.random() / 4), undefined, { signal }).catch(() => {
        throw abortedError("The download", signal);
      });
    }
  }
}
