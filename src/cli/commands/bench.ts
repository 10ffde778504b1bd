/** `bench`: how fast this machine runs a model, as a table, as JSON, or as a picture. */
import type { InferredOptionTypes } from "yargs";
import { computeOptions } from "../../loading/load-options.js";
import type { LoadedCommand } from "../commands.js";
import { flagsOf } from "../options/flags.js";
import { jsonOption, loraOption, modelFiles, text, wholeNumber } from "../options/options.js";

const { promptLookup: _none, ...compute } = computeOptions;

export const measured = compute;

const options = {
  repeat: {
    ...wholeNumber("repeat", { least: 1, describe: "Number of rounds; the median is reported  [default: 3]" }),
    group: "Measurement:"
  },
  ...modelFiles,
  ...loraOption,
  ...flagsOf(measured, "Model:"),
  plot: { ...text("plot", { describe: "Chart to write, .png or .svg" }), group: "Output:" },
  ...jsonOption
} as const;

export type BenchArguments = InferredOptionTypes<typeof options>;

export const benchCommand: LoadedCommand<BenchArguments> = {
  builder: (command) =>
    command
      .options(options)
      .example("$0 bench", "")
      .example("$0 bench -m demo --repeat 5 --json", "")
      .example("$0 bench --plot speed.png", ""),
  handler: async (args) => await (await import("../run/bench.js")).bench(args)
};
