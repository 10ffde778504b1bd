/** `doctor`: what this machine is, and whether it computes what Pillow and transformers compute, step by step. */
import type { Check, Examination } from "../../tools/doctor/examine.js";
import { examineStorage } from "../../tools/doctor/examine-storage.js";
import { ensureRoomForLlama } from "../../native/process-limits.js";
import { describeFacts } from "../terminal/tables.js";
import { describeFile } from "../model/describe-file.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { missedGpuWarning } from "../model/open-model.js";
import { valuesOf } from "../options/flags.js";
import { exitCodes, printAnswer, printJson, writeNote } from "../terminal/output.js";
import { plainText } from "../terminal/plain-text.js";
import { showTrial, StatusLine } from "../terminal/status-line.js";
import { showTransfers } from "../terminal/transfer-status.js";
import { green, red } from "../terminal/terminal.js";
import { testedOptions, type DoctorArguments } from "../commands/doctor.js";

export async function doctor({ json, ...args }: DoctorArguments): Promise<void> {
  using interrupt = listenForInterrupt();
  const status = new StatusLine(process.stderr);
  status.show("looking at a known image");
  ensureRoomForLlama();
  const { examine } = await import("../../tools/doctor/examine.js"); // see openModel
  const examination = await examine({
    ...valuesOf(testedOptions, args),
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
