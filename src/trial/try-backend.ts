/** May a GPU backend be used on this machine? It is tried once, and asked again when a driver, a setting or this package changed. */
import { whyNoHostPackage } from "../native/host-libraries.js";
import { trialKey } from "./drivers.js";
import { lockTrials, recallTrial, rememberTrial } from "./memory.js";
import { runTrial } from "./run-trial.js";
import { isTrialProcess, type Trial, type TrialReport, type TriedBackend } from "./trial.js";

export interface TrialOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when a process is started for it: this takes seconds, or minutes, once. */
  readonly onTrial?: ((backend: TriedBackend) => void) | undefined;
}

/** @throws MedGemmaError ABORTED when somebody interrupts the trial */
export async function tryBackend(backend: TriedBackend, options: TrialOptions = {}): Promise<Trial> {
  if (isTrialProcess()) return asTrial(backend, { outcome: "good", reason: null });
  const missing = whyNoHostPackage(backend);
  if (missing !== null) return asTrial(backend, { outcome: missing.isForThisPlatform ? "failed" : "absent", reason: missing.reason });
  const key = trialKey(backend);
  return (await recallTrial(key)) ?? (await tryAndRemember(backend, key, options));
}

async function tryAndRemember(backend: TriedBackend, key: string, { signal, onTrial }: TrialOptions): Promise<Trial> {
  onTrial?.(backend);
  await using _lock = await lockTrials(signal);
  const known = await recallTrial(key); // by the process that held the lock
  if (known !== null) return known;
  const trial = asTrial(backend, await runTrial(backend, signal));
  await rememberTrial(key, trial);
  return trial;
}

function asTrial(backend: TriedBackend, report: TrialReport): Trial {
  return { backend, ...report, triedAt: new Date().toISOString() };
}
