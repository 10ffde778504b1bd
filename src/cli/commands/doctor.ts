/** `doctor`: what this machine is, and whether it computes what Pillow and transformers compute, step by step. */
import type { InferredOptionTypes } from "yargs";
import { computeOptions } from "../../loading/load-options.js";
import type { LoadedCommand } from "../commands.js";
import { flagsOf } from "../options/flags.js";
import { jsonOption } from "../options/options.js";

const { gpu, threads } = computeOptions;

export const testedOptions = { gpu, threads };

const options = { ...flagsOf(testedOptions, "Model:"), ...jsonOption } as const;

export type DoctorArguments = InferredOptionTypes<typeof options>;

export const doctorCommand: LoadedCommand<DoctorArguments> = {
  builder: (command) => command.options(options).example("$0 doctor", "").example("$0 doctor --gpu vulkan --json", ""),
  handler: async (args) => await (await import("../run/doctor.js")).doctor(args)
};
