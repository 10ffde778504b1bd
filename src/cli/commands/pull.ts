/** `pull`: a model from the hub into the folder of weights, or into another folder to carry it over. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { flag, inGroup, jsonOption, mmprojOption, text } from "../options/options.js";

const options = {
  ...inGroup("Pull:", {
    to: text("to", {
      describe: "Folder to pull into, for a machine without network  [default: the folder of weights]"
    }),
    mmproj: {
      ...mmprojOption().mmproj,
      describe: "Name of the projector in the repository, or none  [default: the F16 one]"
    },
    "accept-terms": flag({ describe: "Accept the terms of MedGemma without a prompt; this is recorded" })
  }),
  ...jsonOption
} as const;

export type PullArguments = InferredOptionTypes<typeof options> & { id: string };

export const pullCommand: LoadedCommand<PullArguments> = {
  builder: (command) =>
    command
      .positional("id", {
        type: "string",
        demandOption: true,
        describe: 'As "models" lists it, such as 4b-it or 4b-it:Q8_0; or hf:OWNER/NAME/FILE of any repository'
      })
      .options(options)
      .example("$0 pull 1.5-4b-it", "")
      .example("$0 pull 27b-it:Q4_K_M --to /media/usb", "")
      .example("$0 pull hf:unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-Q6_K.gguf", ""),
  handler: async (args) => await (await import("../run/pull.js")).pull(args)
};
