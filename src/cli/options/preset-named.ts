/** `--preset`: a name that there is not is a wrong command line. */
import { MedGemmaError } from "../../errors.js";
import { loadPreset } from "../../presets/load-preset.js";
import type { Preset } from "../../presets/preset.js";
import { standardStream } from "./options.js";
import { UsageError } from "../terminal/output.js";

/** @throws UsageError for an unknown name; MedGemmaError FILE_UNUSABLE, and INVALID_ARGUMENT for a file that is no preset */
export async function loadPresetNamed(name: string): Promise<Preset> {
  if (name === standardStream) throw new UsageError("--preset reads nothing from stdin. Name a file.");
  try {
    return await loadPreset(name);
  } catch (error) {
    const isName = !/[/\\]|\.md$/.test(name);
    throw isName && error instanceof MedGemmaError && error.code === "INVALID_ARGUMENT"
      ? new UsageError(error.message)
      : error;
  }
}
