/** `serve`: the library's server as a command. Only its address goes to stdout, for scripts. */
import type { InferredOptionTypes } from "yargs";
import { listenOptions, serverOptions } from "../../server/server-options.js";
import type { LoadedCommand } from "../commands.js";
import { flagsOf } from "../options/flags.js";
import { inGroup, loraOption, modelOptions, text } from "../options/options.js";

const repeated = (describe: string) =>
  ({
    type: "string",
    requiresArg: true,
    describe,
    coerce: (given: string | string[]) => [given].flat()
  }) as const;

const options = {
  ...modelOptions,
  ...loraOption,
  ...inGroup("Model:", {
    models: repeated("Further model, loaded when a request names it; can be repeated"),
    alias: repeated("Further name of a model, NAME=MODEL (gpt-4o=demo); can be repeated")
  }),
  ...flagsOf({ ...listenOptions, ...serverOptions }, "Server:"),
  ...inGroup("Server:", {
    "token-file": text("token-file", { describe: "File with the token that every request must carry  [default: none]" })
  })
} as const;

export type ServeArguments = InferredOptionTypes<typeof options>;

export const serveCommand: LoadedCommand<ServeArguments> = {
  builder: (command) =>
    command
      .options(options)
      .example("$0 serve", "")
      .example("$0 serve -m 1.5-4b-it --alias gpt-4o=1.5-4b-it", "")
      .example("$0 serve --host 0.0.0.0 --token-file token.txt", ""),
  handler: async (args) => await (await import("../run/serve.js")).serve(args)
};
