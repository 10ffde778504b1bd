/** Tries a backend in a process of its own, whose end does not matter: drivers crash, hang, and compute wrongly. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { abortedError } from "../errors.js";
import { packageFolder } from "../native/candidates.js";
import { trialVariable, type TrialReport, type TriedBackend } from "./trial.js";

/** Drivers compile hundreds of shaders at the first start. */
const defaultLimitS = 120;

const child = join(packageFolder, "dist", "doctor", "trial-child.js");

/** @throws MedGemmaError ABORTED when somebody interrupts the trial */
export async function runTrial(backend: TriedBackend): Promise<TrialReport> {
  const limitS = readLimit();
  const trial = fork(child, [backend], {
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, [trialVariable]: "1", ELECTRON_RUN_AS_NODE: "1" }
  });
  const failed = (reason: string): TrialReport => ({ outcome: "failed", reason });
  return await new Promise<TrialReport>((resolve, reject) => {
    let report: TrialReport | undefined;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      trial.kill("SIGKILL");
    }, limitS * 1000);
    trial.on("message", (message) => (report = message as TrialReport));
    trial.on("error", (error) => {
      clearTimeout(timer);
      resolve(failed(`its trial could not be started: ${error.message}`));
    });
    trial.on("close", (code, signal) => {
      clearTimeout(timer);
      // A driver may crash when it is told to stop, too; then it is no good.
      if (isLate) resolve(failed(`it gave no answer within ${limitS} s`));
      else if (signal === "SIGINT" || signal === "SIGTERM") reject(abortedError(`The trial of ${backend}`));
      else if (signal !== null) resolve(failed(`it crashed (${signal})`));
      else if (report === undefined || code !== 0) resolve(failed(`it ended with exit code ${String(code)}`));
      else resolve(report);
    });
  });
}

/** MEDGEMMA_TRIAL_SECONDS, for machines that are slower still. */
function readLimit(): number {
  const seconds = Number(process.env.MEDGEMMA_TRIAL_SECONDS);
  return seconds > 0 && seconds <= 86_400 ? seconds : defaultLimitS;
}
