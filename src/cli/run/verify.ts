/** `verify`: the hashes of what is installed, against those from the day it came. */
import { verifyModels } from "../../models/verify.js";
import { describeFile } from "../model/describe-file.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { exitCodes, printAnswer, printJson } from "../terminal/output.js";
import { StatusLine } from "../terminal/status-line.js";
import { showTransfers } from "../terminal/transfer-status.js";
import type { VerifyArguments } from "../commands/verify.js";

export async function verify({ id, json }: VerifyArguments): Promise<void> {
  const status = new StatusLine(process.stderr);
  using interrupt = listenForInterrupt();
  const files = await verifyModels(id, { signal: interrupt.signal, onProgress: showTransfers(status) }).finally(() =>
    status.clear()
  );
  if (json === true) printJson(files);
  else
    printAnswer(
      files.length === 0 ? "Nothing is installed. See: medgemma-local models\n" : files.map(describeFile).join("")
    );
  if (files.some(({ state }) => state === "damaged")) process.exitCode = exitCodes.failed;
}
