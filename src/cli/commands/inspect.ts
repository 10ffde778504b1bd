/** `inspect`: what a GGUF file is, from its header alone. */
import type { InferredOptionTypes } from "yargs";
import type { LoadedCommand } from "../commands.js";
import { jsonOption } from "../options/options.js";

const options = { ...jsonOption } as const;

export type InspectArguments = InferredOptionTypes<typeof options> & { file: string };

export const inspectCommand: LoadedCommand<InspectArguments> = {
  builder: (command) =>
    command
      .positional("file", {
        type: "string",
        demandOption: true,
        describe:
          'GGUF file (a text model, a projector or a LoRA adapter), "demo", or the id of a model that "models" lists'
      })
      .options(options)
      .example("$0 inspect medgemma-4b-it-Q4_K_M.gguf", "")
      .example("$0 inspect 1.5-4b-it", "")
      .example("$0 inspect mmproj-F16.gguf --json", ""),
  handler: async (args) => await (await import("../run/inspect.js")).inspect(args)
};
