/** May a GPU backend be used on this machine? It is tried once, and asked again when a driver, a setting or this package changed. */
import { trialKey } from "./drivers.js";
import { lockTrials, recallTrial, rememberTrial } from "./memory.js";
import { runTrial } from "./run-trial.js";
import { isTrialProcess, type Trial, type TrialReport, type TriedBackend } from "./trial.js";

/** @throws MedGemmaError ABORTED when somebody interrupts the trial */
export async function tryBackend(backend: TriedBackend): Promise<Trial> {
  if (isTrialProcess()) return asTrial(backend, { outcome: "good", reason: null });
  const key = trialKey(backend);
  return (await recallTrial(key)) ?? (await tryAndRemember(backend, key));
}

async function tryAndRemember(backend: TriedBackend, key: string): Promise<Trial> {
  await using _lock = await lockTrials();
  const known = await recallTrial(key); // by the process that held the lock
  if (known !== null) return known;
  const trial = asTrial(backend, await runTrial(backend));
  await rememberTrial(key, trial);
  return trial;
}

function asTrial(backend: TriedBackend, report: TrialReport): Trial {
  return { backend, ...report, triedAt: new Date().toISOString() };
}
