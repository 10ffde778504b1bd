/** `verify`: the hashes of what is installed, against those from the day it came. */
import type { InferredOptionTypes } from "yargs";
import { verifyModels } from "../../models/verify.js";
import type { LoadedCommand } from "../commands.js";
import { describeFile } from "../describe-file.js";
import { listenForInterrupt } from "../interrupt.js";
import { jsonOption } from "../options.js";
import { exitCodes, printAnswer, printJson } from "../output.js";
import { StatusLine } from "../status-line.js";
import { showTransfers } from "../transfer-status.js";

const options = { ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options> & { id: string | undefined };

export const verifyCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("id", {
        type: "string",
        describe: "One model, or one of another program such as ollama:medgemma1.5  [default: all installed]"
      })
      .options(options)
      .example("$0 verify", "")
      .example("$0 verify 1.5-4b-it --json", ""),
  handler: verify
};

async function verify({ id, json }: Arguments): Promise<void> {
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
