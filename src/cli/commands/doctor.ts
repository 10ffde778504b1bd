/** `doctor`: what this machine is, and whether it computes what Pillow and transformers compute, step by step. */
import type { CommandModule, InferredOptionTypes } from "yargs";
import type { Check } from "../../doctor/examine.js";
import { describeFacts } from "../describe-facts.js";
import { missedGpuWarning } from "../open-model.js";
import { jsonOption, modelOptions } from "../options.js";
import { exitCodes, printAnswer, printJson, writeNote } from "../output.js";
import { plainText } from "../plain-text.js";
import { StatusLine } from "../status-line.js";
import { green, red } from "../terminal.js";

const { gpu, threads } = modelOptions;

const options = { gpu, threads, ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options>;

export const doctorCommand: CommandModule<object, Arguments> = {
  command: "doctor",
  describe: "Prove that this machine sees correctly: a known image, step by step",
  builder: (command) => command.options(options).example("$0 doctor", "").example("$0 doctor --gpu vulkan --json", ""),
  handler: doctor
};

async function doctor({ json, ...options }: Arguments): Promise<void> {
  const status = new StatusLine(process.stderr);
  status.show("looking at a known image");
  const { examine } = await import("../../doctor/examine.js"); // see openModel
  const examination = await examine(options).finally(() => status.clear());
  const { machine, checks, verdict, seesCorrectly } = examination;
  if (json === true) {
    printJson(examination);
  } else {
    if (machine.gpu.missed !== null) writeNote(missedGpuWarning(machine.gpu.missed, machine.gpu.backend), process.stderr);
    const width = Math.max(...checks.map(({ name }) => name.length));
    printAnswer(`${describeFacts(machine)}\n${checks.map((check) => `${describeCheck(check, width)}\n`).join("")}\n`);
    process.stdout.write(`${(seesCorrectly ? green : red)(plainText(verdict), process.stdout)}\n`);
  }
  if (!seesCorrectly) process.exitCode = exitCodes.failed;
}

function describeCheck({ name, ok, error, tolerance }: Check, width: number): string {
  const how = error === null ? (ok ? "equal" : "different") : `relative error ${error.toExponential(1)}, allowed ${String(tolerance)}`;
  return `${ok ? "ok " : "OFF"}  ${name.padEnd(width)}  ${how}`;
}
