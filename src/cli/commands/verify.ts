/** `verify`: the hashes of what is installed, against those from the day it came. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { jsonOption } from "../options/options.js";

const options = { ...jsonOption } as const;

export type VerifyArguments = InferredOptionTypes<typeof options> & { id: string | undefined };

export const verifyCommand: LoadedCommand<VerifyArguments> = {
  builder: (command) =>
    command
      .positional("id", {
        type: "string",
        describe: "One model, or one of another program such as ollama:medgemma1.5  [default: all installed]"
      })
      .options(options)
      .example("$0 verify", "")
      .example("$0 verify 1.5-4b-it --json", ""),
  handler: async (args) => await (await import("../run/verify.js")).verify(args)
};
