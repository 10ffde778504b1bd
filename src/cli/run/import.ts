/** `import`: models from a folder or a USB stick into the folder of weights. */
import { importModels } from "../../models/import.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { printJson, writeNote } from "../terminal/output.js";
import { printModels, reportModel } from "../model/print-models.js";
import { StatusLine } from "../terminal/status-line.js";
import { showTransfers } from "../terminal/transfer-status.js";
import type { ImportArguments } from "../commands/import.js";

export async function importFrom({ path, mmproj, link, replace, json }: ImportArguments): Promise<void> {
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
