/** `remove`: an installed model, or what an interrupted pull left. */
import { removeModel } from "../../models/remove.js";
import { printAnswer, printJson } from "../terminal/output.js";
import { plainName } from "../terminal/plain-text.js";
import type { RemoveArguments } from "../commands/remove.js";

export async function remove({ id, json }: RemoveArguments): Promise<void> {
  const removed = await removeModel(id);
  if (json === true) printJson(removed);
  else printAnswer(removed.files.map((path) => `removed ${plainName(path)}\n`).join(""));
}
