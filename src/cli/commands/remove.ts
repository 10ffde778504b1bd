/** `remove`: an installed model, or what an interrupted pull left. */
import type { InferredOptionTypes } from "yargs";
import { removeModel } from "../../models/remove.js";
import type { LoadedCommand } from "../commands.js";
import { jsonOption } from "../options.js";
import { printAnswer, printJson } from "../output.js";
import { plainName } from "../plain-text.js";

const options = { ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options> & { id: string };

export const removeCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("id", { type: "string", demandOption: true, describe: 'As "models" lists it' })
      .options(options)
      .example("$0 remove 4b-it:Q8_0", ""),
  handler: remove
};

async function remove({ id, json }: Arguments): Promise<void> {
  const removed = await removeModel(id);
  if (json === true) printJson(removed);
  else printAnswer(removed.files.map((path) => `removed ${plainName(path)}\n`).join(""));
}
