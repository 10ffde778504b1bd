/** `presets`: what can be asked ready-made, and one of them as a file to change. */
import type { InferredOptionTypes } from "yargs";
import { listPresets, loadPreset, presetSource } from "../../presets/load-preset.js";
import type { Preset } from "../../presets/preset.js";
import type { LoadedCommand } from "../commands.js";
import { jsonOption } from "../options/options.js";
import { printAnswer, printJson } from "../terminal/output.js";

const options = { ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options> & { name: string | undefined };

export const presetsCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("name", { type: "string", describe: "Preset to print" })
      .options(options)
      .example("$0 presets", "")
      .example("$0 presets report > mine.md && $0 ask --preset mine.md -i scan.png", ""),
  handler: presets
};

async function presets({ name, json }: Arguments): Promise<void> {
  if (name === undefined) {
    const all = await listPresets();
    if (json === true) printJson(all);
    else printAnswer(all.map(describePreset).join("\n"));
    return;
  }
  if (json === true) printJson(await loadPreset(name));
  else printAnswer(await presetSource(name));
}

function describePreset({ name, description, models, images, schema }: Preset): string {
  return `${name}${schema === null ? "" : "  (JSON)"}\n  ${description}\n  Images: ${images}\n  Models: ${models}\n`;
}
