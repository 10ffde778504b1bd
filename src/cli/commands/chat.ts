/** `chat`: a conversation in the terminal, or line by line from a pipe. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { answerFlags, imageFlags, loraOption, modelOptions, presetOption, redactOption } from "../options/options.js";
import { withRedaction } from "../terminal/redaction.js";

const options = {
  image: {
    alias: "i",
    type: "string",
    requiresArg: true,
    coerce: (given: string | string[]) => [given].flat(),
    group: "Image:",
    describe: "Image file for the first message; can be repeated"
  },
  ...modelOptions,
  ...loraOption,
  ...imageFlags,
  ...presetOption,
  ...answerFlags,
  ...redactOption
} as const;

export type ChatArguments = InferredOptionTypes<typeof options> & { debug?: boolean };

export const chatCommand: LoadedCommand<ChatArguments> = {
  builder: (command) =>
    command
      .options(options)
      .example("$0 chat", "")
      .example('$0 chat -m demo -s "Answer with a digit."', "")
      .example("$0 chat -i film.png", "")
      .example("$0 chat --preset report", "")
      .example("$0 chat < questions.txt", ""),
  handler: async (args) =>
    await withRedaction(args.redact, async (redaction) => await (await import("../run/chat.js")).chat(args, redaction))
};
