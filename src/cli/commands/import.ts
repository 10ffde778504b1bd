/** `import`: models from a folder or a USB stick into the folder of weights. */
import type { CommandModule, InferredOptionTypes } from "yargs";
import { importModels } from "../../models/import.js";
import { listenForInterrupt } from "../interrupt.js";
import { inGroup, jsonOption, text } from "../options.js";
import { printJson } from "../output.js";
import { printModels, reportModel } from "../print-models.js";
import { StatusLine } from "../status-line.js";
import { showTransfers } from "../transfer-status.js";

const options = {
  ...inGroup("Import:", { mmproj: text("mmproj", { describe: "Projector GGUF file  [default: the mmproj*.gguf beside the model]" }) }),
  ...jsonOption
} as const;

type Arguments = InferredOptionTypes<typeof options> & { path: string };

export const importCommand: CommandModule<object, Arguments> = {
  command: "import <path>",
  describe: "Copy models from a folder or USB stick, verified",
  builder: (command) =>
    command
      .positional("path", { type: "string", demandOption: true, describe: 'Folder that "pull --to" filled, any folder with GGUF files, or a GGUF file' })
      .options(options)
      .example("$0 import /media/usb", "")
      .example("$0 import Downloads/medgemma-4b-it-Q4_K_M.gguf", ""),
  handler: importFrom
};

async function importFrom({ path, mmproj, json }: Arguments): Promise<void> {
  const status = new StatusLine(process.stderr);
  using interrupt = listenForInterrupt();
  const models = await importModels(path, {
    mmproj,
    signal: interrupt.signal,
    onProgress: showTransfers(status),
    onWait: (reason) => status.show(reason)
  }).finally(() => status.clear());
  if (json === true) printJson(models.map(reportModel));
  else printModels(models);
}
