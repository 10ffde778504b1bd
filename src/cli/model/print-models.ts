/** Models that came just now, for people and for programs. */
import type { InstalledModel } from "../../models/installed.js";
import { printAnswer } from "../terminal/output.js";
import { plainName } from "../terminal/plain-text.js";

/** Id and paths, a line each. */
export function printModels(models: readonly InstalledModel[]): void {
  const lines = models.flatMap(({ id, text, mmproj }) => [id, text, ...(mmproj === null ? [] : [mmproj])]);
  printAnswer(lines.map((line) => `${plainName(line)}\n`).join(""));
}

/** The same as a value for `--json`. */
export function reportModel({
  id,
  text,
  mmproj,
  record
}: InstalledModel): Pick<InstalledModel, "id" | "text" | "mmproj" | "record"> {
  return { id, text, mmproj, record };
}
