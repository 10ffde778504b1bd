/**
 * An addon of another version, or built before a function was added, would fail in the middle of work. Its file tells both
 * before any of it runs; once it is loaded, the system would not load what is built anew at the same path.
 */
import { readFileSync } from "node:fs";
import { packageVersion } from "../shared/package-version.js";
import { nativeFunctions } from "./addon.js";

/** As in native/addon/addon.cpp, where a zero byte ends every text. */
const mark = "medgemma-local addon ";

/** @throws Error in one line */
export function checkFits(path: string): void {
  const content = readFileSync(path);
  const at = content.indexOf(mark);
  if (at === -1) throw new Error("is not an addon of this package, or of an older version");
  const version = content.toString("latin1", at + mark.length, content.indexOf(0, at));
  if (version !== packageVersion())
    throw new Error(`is the addon of version ${version.slice(0, 20)}, expected ${packageVersion()}`);
  const missing = nativeFunctions.find((name) => !content.includes(`${name}\0`));
  if (missing !== undefined) throw new Error(`was built before ${missing} was added: npm run build:native`);
}
