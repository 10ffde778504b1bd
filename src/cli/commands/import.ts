/** `import`: models from a folder or a USB stick into the folder of weights. */
import type { InferredOptionTypes } from "yargs";
import { importModels } from "../../models/import.js";
import type { LoadedCommand } from "../commands.js";
import { listenForInterrupt } from "../interrupt.js";
import { flag, inGroup, jsonOption, mmprojOption } from "../options.js";
import { printJson, writeNote } from "../output.js";
import { printModels, reportModel } from "../print-models.js";
import { StatusLine } from "../status-line.js";
import { showTransfers } from "../transfer-status.js";

const options = {
  ...inGroup("Import:", {
    ...mmprojOption(),
    link: flag({ describe: "Link the files instead of copying them" }),
    replace: flag({ describe: "Replace files of the same name from an earlier pull or import" })
  }),
  ...jsonOption
} as const;

type Arguments = InferredOptionTypes<typeof options> & { path: string };

export const importCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("path", {
        type: "string",
        demandOption: true,
        describe: 'Folder that "pull --to" filled, any folder with GGUF files in it or below it, or a GGUF file'
      })
      .options(options)
      .example("$0 import /media/usb", "")
      .example("$0 import Downloads/medgemma-4b-it-Q4_K_M.gguf", ""),
  handler: importFrom
};

async function importFrom({ path, mmproj, link, replace, json }: Arguments): Promise<void> {
  const status = new StatusLine(process.stderr);
  using interrupt = listenForInterrupt();
  const tell = (line: string) => {
    status.clear();
    writeNote(line, process.stderr);
  };
  const models = await importModels(path, {
    mmproj,
    link,
    replace,
    signal: interrupt.signal,
    onProgress: showTransfers(status),
    onWait: (reason) => status.show(reason),
    onSkip: (skipped) => tell(`Skipped: ${skipped.path} ${skipped.reason}.`),
    onWarning: (warning) => tell(`Warning: ${warning}`),
    onNote: tell
  }).finally(() => status.clear());
  if (json === true) printJson(models.map(reportModel));
  else printModels(models);
}
