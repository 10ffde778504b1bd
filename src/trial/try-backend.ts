/** May a GPU backend be used on this machine? It is tried once, and asked again when a driver, a setting or this package changed. */
import { isMainThread } from "node:worker_threads";
import { trialKey } from "./drivers.js";
import { lockTrials, recallTrial, rememberTrial } from "./memory.js";
import { runTrial } from "./run-trial.js";
import { f16Variable, isTrialProcess, type Trial, type TriedBackend } from "./trial.js";

/** Kept, since what a trial sets in the environment would change them. */
const keys = new Map<TriedBackend, Promise<string>>();

function keyOf(backend: TriedBackend): Promise<string> {
  const key = keys.get(backend) ?? trialKey(backend);
  keys.set(backend, key);
  return key;
}

/**
 * Sets what the backend needs in the environment of this process, so call it before the backend is loaded.
 *
 * @throws MedGemmaError ABORTED when somebody interrupts the trial
 */
export async function tryBackend(backend: TriedBackend): Promise<Trial> {
  if (isTrialProcess()) return asTrial(backend, { outcome: "good", reason: null }, false);
  const key = await keyOf(backend);
  const trial = (await recallTrial(key)) ?? (await tryAndRemember(backend, key));
  if (!trial.withoutF16) return trial;
  // The environment that a worker thread sees is a copy, which drivers do not read.
  if (!isMainThread) {
    return { ...trial, outcome: "failed", reason: `it works without 16-bit shaders only: start the process with ${f16Variable}=1 in its environment` };
  }
  process.env[f16Variable] = "1";
  return trial;
}

async function tryAndRemember(backend: TriedBackend, key: string): Promise<Trial> {
  await using _lock = await lockTrials();
  const known = await recallTrial(key); // by the process that held the lock
  if (known !== null) return known;
  let trial = asTrial(backend, await runTrial(backend, { withoutF16: false }), false);
  // Mesa's drivers in particular crash in shaders of 16-bit floats, and are right in 32 bits.
  if (trial.outcome === "failed" && backend === "vulkan" && process.env[f16Variable] === undefined) {
    const again = await runTrial(backend, { withoutF16: true });
    if (again.outcome === "good") trial = asTrial(backend, again, true);
  }
  await rememberTrial(key, trial);
  return trial;
}

function asTrial(backend: TriedBackend, report: Pick<Trial, "outcome" | "reason">, withoutF16: boolean): Trial {
  return { backend, ...report, withoutF16, triedAt: new Date().toISOString() };
}
