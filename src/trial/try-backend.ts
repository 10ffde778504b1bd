/** May a GPU backend be used on this machine? It is tried once, and asked again when a driver, a setting or this package changed. */
import { whyNoHostPackage } from "../native/host-libraries.js";
import { trialKey } from "./drivers.js";
import { lockTrials, recallTrial, rememberTrial } from "./memory.js";
import { runTrial } from "./run-trial.js";
import { isTrialProcess, type Trial, type TriedBackend } from "./trial.js";

export interface TrialOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when a process is started for it: this takes seconds, or minutes, once. */
  readonly onTrial?: ((backend: TriedBackend) => void) | undefined;
}

export interface Verdict extends Pick<Trial, "reason"> {
  /** "missing": node-llama-cpp's package for it was left out, so there is nothing to try. */
  readonly outcome: Trial["outcome"] | "missing";
}

/** @throws MedGemmaError ABORTED when somebody interrupts the trial */
export async function tryBackend(backend: TriedBackend, options: TrialOptions = {}): Promise<Verdict> {
  if (isTrialProcess()) return { outcome: "good", reason: null };
  const missing = whyNoHostPackage(backend);
  if (missing !== null) return { outcome: missing.isForThisPlatform ? "missing" : "absent", reason: missing.reason };
  const key = trialKey(backend);
  return (await recallTrial(key)) ?? (await tryAndRemember(backend, key, options));
}

async function tryAndRemember(backend: TriedBackend, key: string, { signal, onTrial }: TrialOptions): Promise<Trial> {
  onTrial?.(backend);
  await using _lock = await lockTrials(signal);
  const known = await recallTrial(key); // by the process that held the lock
  if (known !== null) return known;
  const trial = { backend, ...(await runTrial(backend, signal)), triedAt: new Date().toISOString() };
  await rememberTrial(key, trial);
  return trial;
}
