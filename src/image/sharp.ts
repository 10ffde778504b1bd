/** sharp, loaded when the first picture is: where its binary is missing or does not fit, that is one line, and all else works. */
import { createRequire } from "node:module";
import type Sharp from "sharp";
import { MedGemmaError } from "../errors.js";
import { describePlatform } from "../native/platform.js";

const require = createRequire(import.meta.url);

let loaded: typeof Sharp | undefined;

/** @throws MedGemmaError ADDON_MISSING */
export function loadSharp(): typeof Sharp {
  try {
    loaded ??= require("sharp") as typeof Sharp;
    return loaded;
  } catch (error) {
    // Its reasons come line by line, then advice of its own.
    const [reasons = ""] = (error as Error).message.split(/\nPossible solutions/);
    throw new MedGemmaError(
      "ADDON_MISSING",
      `sharp, which decodes pictures, cannot be loaded on ${describePlatform()}: ${reasons.trim().replaceAll(/\s*\n\s*/g, ", ").replace(/\.$/, "")}. ` +
        "Install again without omitting optional dependencies, or add its slower build for every platform: npm install @img/sharp-wasm32.",
      { cause: error }
    );
  }
}
