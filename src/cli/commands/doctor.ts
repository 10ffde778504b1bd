/** `doctor`: what this machine is, and whether it computes what Pillow and transformers compute, step by step. */
import type { InferredOptionTypes } from "yargs";
import type { Check, Examination } from "../../tools/doctor/examine.js";
import { examineStorage } from "../../tools/doctor/examine-storage.js";
import { computeOptions } from "../../loading/load-options.js";
import { ensureRoomForLlama } from "../../native/process-limits.js";
import type { LoadedCommand } from "../commands.js";
import { describeFacts } from "../describe-facts.js";
import { describeFile } from "../describe-file.js";
import { listenForInterrupt } from "../interrupt.js";
import { missedGpuWarning } from "../open-model.js";
import { flagsOf, valuesOf } from "../flags.js";
import { jsonOption } from "../options.js";
import { exitCodes, printAnswer, printJson, writeNote } from "../output.js";
import { plainText } from "../plain-text.js";
import { showTrial, StatusLine } from "../status-line.js";
import { showTransfers } from "../transfer-status.js";
import { green, red } from "../terminal.js";

const { gpu, threads } = computeOptions;

const options = { ...flagsOf({ gpu, threads }, "Model:"), ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options>;

export const doctorCommand: LoadedCommand<Arguments> = {
  builder: (command) => command.options(options).example("$0 doctor", "").example("$0 doctor --gpu vulkan --json", ""),
  handler: doctor
};

async function doctor({ json, ...args }: Arguments): Promise<void> {
  using interrupt = listenForInterrupt();
  const status = new StatusLine(process.stderr);
  status.show("looking at a known image");
  ensureRoomForLlama();
  const { examine } = await import("../../tools/doctor/examine.js"); // see openModel
  const examination = await examine({
    ...valuesOf({ gpu, threads }, args),
    signal: interrupt.signal,
    onTrial: showTrial(status)
  }).finally(() => status.clear());
  const storage = await examineStorage({ signal: interrupt.signal, onProgress: showTransfers(status) }).finally(() =>
    status.clear()
  );
  const { machine, addon, trials, checks, verdict, seesCorrectly } = examination;
  const damaged = storage.files.filter(({ state }) => state === "damaged");
  if (json === true) {
    printJson({ ...examination, storage });
  } else {
    const { missed, backend: used } = machine.gpu;
    if (missed !== null) writeNote(missedGpuWarning(missed, used), process.stderr);
    const { files, ...facts } = storage;
    const width = Math.max(...checks.map(({ name }) => name.length));
    printAnswer(`${describeFacts({ ...machine, addon, ...facts })}\n`);
    if (trials.length > 0) printAnswer(`${trials.map(describeTrial).join("")}\n`);
    printAnswer(
      files.length === 0
        ? "No model is installed except the demo model. See: medgemma-local models\n\n"
        : `${files.map(describeFile).join("")}\n`
    );
    printAnswer(`${checks.map((check) => `${describeCheck(check, width)}\n`).join("")}\n`);
    process.stdout.write(`${(seesCorrectly ? green : red)(plainText(verdict), process.stdout)}\n`);
    if (damaged.length > 0)
      process.stdout.write(
        `${red(`${damaged.length} of ${files.length} files of models ${damaged.length === 1 ? "is" : "are"} damaged.`, process.stdout)}\n`
      );
  }
  if (!seesCorrectly || damaged.length > 0) process.exitCode = exitCodes.failed;
}

function describeTrial({ backend, outcome, reason }: Examination["trials"][number]): string {
  const what = { good: "works", failed: `failed: ${reason ?? ""}`, absent: "finds no GPU" }[outcome];
  return `${backend} was tested in a separate process and ${what}\n`;
}

function describeCheck({ name, ok, error, tolerance }: Check, width: number): string {
  const how =
    error === null
      ? ok
        ? "equal"
        : "different"
      : `relative error ${error.toExponential(1)}, allowed ${String(tolerance)}`;
  return `${ok ? "ok " : "OFF"}  ${name.padEnd(width)}  ${how}`;
}
