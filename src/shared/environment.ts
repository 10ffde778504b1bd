/** Variables of the environment that switch something on or off. */
import { MedGemmaError } from "../errors.js";

const on = /^(?:1|true|yes|y|on)$/i;
const off = /^(?:0|false|no|n|off)?$/i;

/** Of a switch that protects: any word but one for "off" switches it on, as nobody may be unprotected by a slip. */
export function isProtected(value: string | undefined): boolean {
  return !off.test(value?.trim() ?? "");
}

/** Of a switch that takes a protection away. @throws MedGemmaError INVALID_ARGUMENT for a word that is neither on nor off */
export function isAllowed(name: string, env: NodeJS.ProcessEnv = process.env): boolean {
  const value = env[name]?.trim() ?? "";
  if (on.test(value)) return true;
  if (off.test(value)) return false;
  throw new MedGemmaError("INVALID_ARGUMENT", `${name} must be 1 or 0, but is ${value}.`);
}
