/** `--lora FILE[:scale]`. A file name may have colons itself, on Windows it mostly has one. */
import { existsSync } from "node:fs";
import type { ScaledAdapter } from "../../language/lora/lora-adapter.js";
import { UsageError } from "../terminal/output.js";

/** @throws UsageError for a scale that is no number from −10 to 10 */
export function parseLora(given: string): ScaledAdapter {
  if (given === "") throw new UsageError("--lora needs a value.");
  const [, path = "", suffix = ""] = /^(.+):([^:]*)$/.exec(given) ?? [];
  const scale = suffix.trim() === "" ? Number.NaN : Number(suffix);
  const isWholePath =
    path === "" || existsSync(given) || (Number.isNaN(scale) && !path.toLowerCase().endsWith(".gguf"));
  if (isWholePath) return { path: given, scale: 1 };
  if (!(Math.abs(scale) <= 10))
    throw new UsageError(`--lora ${given}: the scale must be a number from -10 to 10, but is ${suffix}.`);
  return { path, scale };
}
