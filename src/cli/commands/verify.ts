/** `verify`: the hashes of what is installed, against those from the day it came. */
import type { CommandModule, InferredOptionTypes } from "yargs";
import { verifyModels, type VerifiedFile } from "../../models/verify.js";
import { listenForInterrupt } from "../interrupt.js";
import { jsonOption, modelOptions } from "../options.js";
import { exitCodes, printAnswer, printJson } from "../output.js";
import { StatusLine } from "../status-line.js";
import { showTransfers } from "../transfer-status.js";

const options = { offline: modelOptions.offline, ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options> & { id: string | undefined };

export const verifyCommand: CommandModule<object, Arguments> = {
  command: "verify [id]",
  describe: "Check that installed models are whole: every byte, by sha256",
  builder: (command) =>
    command
      .positional("id", { type: "string", describe: "One model  [default: all]" })
      .options(options)
      .example("$0 verify", "")
      .example("$0 verify 1.5-4b-it --json", ""),
  handler: verify
};

async function verify({ id, json }: Arguments): Promise<void> {
  const status = new StatusLine(process.stderr);
  using interrupt = listenForInterrupt();
  const files = await verifyModels(id, { signal: interrupt.signal, onProgress: showTransfers(status) }).finally(() => status.clear());
  if (json === true) printJson(files);
  else printAnswer(files.length === 0 ? "Nothing is installed. See: medgemma-local models\n" : files.map(describe).join(""));
  if (files.some(({ state }) => state === "damaged")) process.exitCode = exitCodes.failed;
}

function describe({ id, path, state, problem }: VerifiedFile): string {
  switch (state) {
    case "whole":
      return `ok       ${path}\n`;
    case "unrecorded":
      return `no hash  ${path}: put there by hand, only its header could be checked\n`;
    case "damaged":
      return `DAMAGED  ${path}: ${problem ?? ""}. Get it again: medgemma-local pull ${id}\n`;
  }
}
