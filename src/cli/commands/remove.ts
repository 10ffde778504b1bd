/** `remove`: an installed model, or what an interrupted pull left. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { jsonOption } from "../options/options.js";

const options = { ...jsonOption } as const;

export type RemoveArguments = InferredOptionTypes<typeof options> & { id: string };

export const removeCommand: LoadedCommand<RemoveArguments> = {
  builder: (command) =>
    command
      .positional("id", { type: "string", demandOption: true, describe: 'As "models" lists it' })
      .options(options)
      .example("$0 remove 4b-it:Q8_0", ""),
  handler: async (args) => await (await import("../run/remove.js")).remove(args)
};
