/** `preview`: the exact square picture that the model sees, or the squares. Reads the projector's header, no weights. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import {
  imageFlags,
  jsonOption,
  modelFiles,
  redactOption,
  text,
  wholeNumber,
  seriesFlags,
  slideFlags
} from "../options/options.js";
import { withRedaction } from "../terminal/redaction.js";

const options = {
  output: {
    ...text("output", { alias: "o", describe: "PNG file to write; - writes to stdout" }),
    demandOption: true,
    group: "Output:"
  },
  size: {
    ...wholeNumber("size", {
      least: 1,
      describe: "Side of the square in pixels  [default: that of the model's projector]"
    }),
    group: "Image:"
  },
  ...modelFiles,
  ...imageFlags,
  ...seriesFlags,
  ...slideFlags,
  ...jsonOption,
  ...redactOption
} as const;

export type PreviewArguments = InferredOptionTypes<typeof options> & { image: string | undefined };

export const previewCommand: LoadedCommand<PreviewArguments> = {
  builder: (command) =>
    command
      .positional("image", { type: "string", describe: "Image file; - reads it from stdin" })
      .options(options)
      .example("$0 preview scan.png -o seen.png", "")
      .example("$0 preview scan.png -o seen.png --size 896", "")
      .example("$0 preview scan.png -o seen.png --fit stretch", "")
      .example("$0 preview long.png -o seen.png --fit crops", "")
      .example("$0 preview slice.dcm -o seen.png --window lung", "")
      .example("$0 preview --series FOLDER -o sheet.png", "")
      .example("$0 preview --slide biopsy.svs --overview -o sheet.png", ""),
  handler: async (args) =>
    await withRedaction(
      args.redact,
      async (redaction) => await (await import("../run/preview.js")).preview(args, redaction)
    )
};
