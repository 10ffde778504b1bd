/** `repeat`: a recorded answer again, and whether it is the same. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { jsonOption, modelOptions } from "../options/options.js";

const options = {
  images: {
    type: "string",
    requiresArg: true,
    // Not yargs' arrays, which would swallow the record behind it.
    coerce: (given: string | string[]) => [given].flat(),
    group: "Image:",
    describe:
      "Where the images lie now: their folder, or each file in order (repeat it); of a series its folder, of a slide its file"
  },
  ...modelOptions,
  model: { ...modelOptions.model, describe: "Another model than the record's" },
  ...jsonOption
} as const;

export type RepeatArguments = InferredOptionTypes<typeof options> & { record: string };

export const repeatCommand: LoadedCommand<RepeatArguments> = {
  builder: (command) =>
    command
      .positional("record", { type: "string", demandOption: true, describe: "File that ask --json wrote" })
      .options(options)
      .example("$0 repeat answer.json", "")
      .example("$0 repeat answer.json --images FOLDER", "")
      .example("$0 repeat answer.json -m 1.5-4b-it:Q8_0 --json", ""),
  handler: async (args) => await (await import("../run/repeat.js")).repeat(args)
};
