/** Tries a backend in a process of its own, whose end does not matter: drivers crash, hang, and compute wrongly. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { abortedError } from "../errors.js";
import { packageFolder } from "../native/candidates.js";
import { lastWords } from "./last-words.js";
import { trialVariable, type TrialReport, type TriedBackend } from "./trial.js";

/** Drivers compile hundreds of shaders at the first start. */
const defaultLimitS = 120;
/** Characters of stderr that are kept, from its beginning: what comes first tells why. */
const keptCharacters = 65_536;

/** So long after the end of the process what it said may still be on its way. */
const lingerMs = 1000;

const child = join(packageFolder, "dist", "trial", "trial-child.js");

/** @throws MedGemmaError ABORTED when somebody interrupts the trial */
export async function runTrial(backend: TriedBackend, signal?: AbortSignal): Promise<TrialReport> {
  if (signal?.aborted === true) throw abortedError(`The trial of ${backend}`, signal);
  const limitS = readLimit();
  const trial = fork(child, [backend], {
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, [trialVariable]: "1", ELECTRON_RUN_AS_NODE: "1" }
  });
  // A driver that hangs does not hear that this process is gone.
  const end = () => trial.kill("SIGKILL");
  process.once("exit", end);
  signal?.addEventListener("abort", end);
  try {
    return await new Promise<TrialReport>((resolve, reject) => {
      let report: TrialReport | undefined;
      let said = "";
      let isLate = false;
      const failed = (what: string) => {
        const words = lastWords(said);
        resolve({ outcome: "failed", reason: words === null ? what : `${what}: ${words}` });
      };
      const timer = setTimeout(() => {
        isLate = true;
        end();
      }, limitS * 1000);
      trial.on("message", (message) => (report = message as TrialReport));
      trial.stderr?.setEncoding("utf8").on("data", (text: string) => {
        if (said.length < keptCharacters) said += text;
      });
      trial.on("error", (error) => {
        clearTimeout(timer);
        failed(`its trial could not be started: ${error.message}`);
      });
      const settle = (code: number | null, by: NodeJS.Signals | null): void => {
        clearTimeout(timer);
        if (signal?.aborted === true || by === "SIGINT" || by === "SIGTERM")
          reject(abortedError(`The trial of ${backend}`, signal));
        // A driver may crash when it is told to stop, too; then it is no good.
        else if (isLate) failed(`it did not answer within ${limitS} s`);
        else if (by !== null) failed(`it crashed (${by})`);
        else if (report === undefined || code !== 0) failed(`it ended with exit code ${String(code)}`);
        else resolve(report);
      };
      trial.on("close", settle);
      // What a driver has left running may hold the pipes open.
      trial.on("exit", (code, by) => void setTimeout(settle, lingerMs, code, by).unref());
    });
  } finally {
    process.off("exit", end);
    signal?.removeEventListener("abort", end);
    // Held open by what a driver has left running, they would keep this process alive as well.
    trial.stderr?.destroy();
    if (trial.connected) trial.disconnect();
  }
}

/** MEDGEMMA_TRIAL_SECONDS, for machines that are slower still. */
function readLimit(): number {
  const seconds = Number(process.env.MEDGEMMA_TRIAL_SECONDS);
  return seconds > 0 && seconds <= 86_400 ? seconds : defaultLimitS;
}
