/** `ask`: one question with its images, the answer streamed to stdout. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import {
  answerFlags,
  boxesOption,
  flag,
  imageFlags,
  inGroup,
  jsonOption,
  loraOption,
  modelOptions,
  presetOption,
  redactOption,
  schemaOption,
  seriesFlags,
  slideFlags
} from "../options/options.js";
import { parsePrior } from "../options/parse-prior.js";
import { withRedaction } from "../terminal/redaction.js";

const options = {
  image: {
    alias: "i",
    type: "string",
    requiresArg: true,
    // Not yargs' arrays: they would swallow the question behind it, and refuse the - of stdin.
    coerce: (given: string | string[]) => [given].flat(),
    group: "Image:",
    describe: "Image file; can be repeated; - reads one from stdin"
  },
  prior: {
    type: "string",
    requiresArg: true,
    coerce: (given: string | string[]) => [given].flat().map((one) => parsePrior(one, "--prior")),
    group: "Image:",
    describe: "Image of an earlier study, oldest first; 2023-05-01=FILE gives its date to the model"
  },
  ...modelOptions,
  ...loraOption,
  ...imageFlags,
  ...seriesFlags,
  ...slideFlags,
  ...presetOption,
  ...answerFlags,
  ...schemaOption,
  ...inGroup("Answer:", {
    raw: flag({
      describe:
        "Send text and images without the chat template; <start_of_image> marks the place of an image  [default: for 4b-pt]"
    })
  }),
  ...boxesOption,
  ...jsonOption,
  ...redactOption
} as const;

export type AskArguments = InferredOptionTypes<typeof options> & { prompt: string[] | undefined };

export const askCommand: LoadedCommand<AskArguments> = {
  builder: (command) =>
    command
      .positional("prompt", {
        type: "string",
        array: true,
        describe: "The question, in quotes; - puts the text on stdin in front of it"
      })
      .options(options)
      .example('$0 ask "Describe the image." -i scan.png', "")
      .example('$0 ask "What changed?" -i before.png -i after.png --json', "")
      .example('$0 ask "Where is the nodule?" -i scan.png --boxes found.png', "")
      .example("$0 ask --preset report -i scan.png", "")
      .example("$0 ask --preset compare --prior 2023-05-01=before.png -i now.png", "")
      .example("$0 ask --preset ct --series FOLDER", "")
      .example("$0 ask --preset pathology --slide biopsy.svs --magnification 10", "")
      .example('cat report.txt | $0 ask "Summarize this report."', ""),
  handler: async (args) =>
    await withRedaction(args.redact, async (redaction) => await (await import("../run/ask.js")).ask(args, redaction))
};
