/** `import`: models from a folder or a USB stick into the folder of weights. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { flag, inGroup, jsonOption, mmprojOption } from "../options/options.js";

const options = {
  ...inGroup("Import:", {
    ...mmprojOption(),
    link: flag({ describe: "Link the files instead of copying them" }),
    replace: flag({ describe: "Replace files of the same name from an earlier pull or import" })
  }),
  ...jsonOption
} as const;

export type ImportArguments = InferredOptionTypes<typeof options> & { path: string };

export const importCommand: LoadedCommand<ImportArguments> = {
  builder: (command) =>
    command
      .positional("path", {
        type: "string",
        demandOption: true,
        describe: 'Folder that "pull --to" filled, any folder with GGUF files in it or below it, or a GGUF file'
      })
      .options(options)
      .example("$0 import /media/usb", "")
      .example("$0 import Downloads/medgemma-4b-it-Q4_K_M.gguf", ""),
  handler: async (args) => await (await import("../run/import.js")).importFrom(args)
};
