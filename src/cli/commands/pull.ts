/** `pull`: a model from the hub into the folder of weights, or into another folder to carry it over. */
import { resolve } from "node:path";
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { flag, inGroup, jsonOption, mmprojOption, text } from "../options.js";
import { printJson } from "../output.js";
import { printModels, reportModel } from "../print-models.js";
import { pullWithProgress } from "../pull-model.js";

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

type Arguments = InferredOptionTypes<typeof options> & { id: string };

export const pullCommand: LoadedCommand<Arguments> = {
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
  handler: pull
};

async function pull(args: Arguments): Promise<void> {
  const model = await pullWithProgress(args.id, {
    home: args.to === undefined ? undefined : resolve(args.to),
    mmproj: args.mmproj,
    acceptTerms: args["accept-terms"]
  });
  if (args.json === true) printJson(reportModel(model));
  else printModels([model]);
}
