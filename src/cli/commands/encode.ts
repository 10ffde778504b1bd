/** `encode`: the image tokens themselves, as a NumPy array [images, tokens, hidden]; crops follow their image. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { imageFlags, jsonOption, modelOptions, redactOption, text, seriesFlags } from "../options/options.js";
import { withRedaction } from "../terminal/redaction.js";

const options = {
  output: {
    ...text("output", { alias: "o", describe: "File to write, .npy; - writes to stdout" }),
    demandOption: true,
    group: "Output:"
  },
  ...modelOptions,
  ...imageFlags,
  ...seriesFlags,
  ...jsonOption,
  ...redactOption
} as const;

export type EncodeArguments = InferredOptionTypes<typeof options> & { images: string[] | undefined };

export const encodeCommand: LoadedCommand<EncodeArguments> = {
  builder: (command) =>
    command
      .positional("images", { type: "string", array: true, describe: "Image files; - reads one from stdin" })
      .options(options)
      .example("$0 encode scan.png -o scan.npy", "")
      .example("$0 encode *.png -o series.npy --json", "")
      .example("$0 encode --series FOLDER -o series.npy", "")
      .example("$0 encode scan.png -o - | python analyse.py", ""),
  handler: async (args) =>
    await withRedaction(
      args.redact,
      async (redaction) => await (await import("../run/encode.js")).encode(args, redaction)
    )
};
