/** sharp, loaded when the first picture is: where its binary is missing or does not fit, that is one line, and all else works. */
import { createRequire } from "node:module";
import type Sharp from "sharp";
import { MedGemmaError } from "../errors.js";
import { describePlatform } from "../native/platform.js";
import { ensureRoom } from "../native/process-limits.js";

const require = createRequire(import.meta.url);

let loaded: typeof Sharp | undefined;

/** libvips starts one for each step of a pipeline, and crashes or ends the process where it gets none. */
const threadsOfLibvips = 6;

/** @throws MedGemmaError ADDON_MISSING, OUT_OF_MEMORY */
export function loadSharp(): typeof Sharp {
  if (loaded !== undefined) return loaded;
  ensureRoom("Decoding pictures", { threads: threadsOfLibvips });
  try {
    loaded = require("sharp") as typeof Sharp;
    return loaded;
  } catch (error) {
    // Its reasons come line by line, then advice of its own.
    const [reasons = ""] = (error as Error).message.split(/\nPossible solutions/);
    throw new MedGemmaError(
      "ADDON_MISSING",
      `sharp, which decodes pictures, cannot be loaded on ${describePlatform()}: ${reasons
        .trim()
        .replaceAll(/\s*\n\s*/g, ", ")
        .replace(/\.$/, "")}. ` +
        "Install again without omitting optional dependencies, or add its slower build for every platform: npm install @img/sharp-wasm32.",
      { cause: error }
    );
  }
}
