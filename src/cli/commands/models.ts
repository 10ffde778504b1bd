/** `models`: what is installed, and what can be had on this machine. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { jsonOption } from "../options/options.js";

const options = { ...jsonOption } as const;

export type ModelsArguments = InferredOptionTypes<typeof options>;

export const modelsCommand: LoadedCommand<ModelsArguments> = {
  builder: (command) => command.options(options).example("$0 models", "").example("$0 models --json", ""),
  handler: async (args) => await (await import("../run/models.js")).models(args)
};
