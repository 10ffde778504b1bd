/** `inspect`: what a GGUF file is, from its header alone. */
import { existsSync } from "node:fs";
import type { Inspection } from "../../loading/inspect.js";
import { findModelFile } from "../../models/resolve-model.js";
import { describeFacts, describeMemory } from "../terminal/tables.js";
import { printAnswer, printJson } from "../terminal/output.js";
import type { InspectArguments } from "../commands/inspect.js";

export async function inspect({ file, json }: InspectArguments): Promise<void> {
  const { inspectFile } = await import("../../loading/inspect.js"); // see openModel
  const inspection = await inspectFile(existsSync(file) ? file : await findModelFile(file));
  if (json === true) printJson(inspection);
  else printAnswer(describe(inspection));
}

function describe(inspection: Inspection): string {
  if (inspection.kind !== "text") return describeFacts(inspection);
  const { memory, ...facts } = inspection;
  const isUnusual = Object.keys(facts.tokenizer.unusualTypes).length > 0;
  const note = isUnusual ? "Unusual types of tokens do not matter here: tokens are known by their text.\n" : "";
  return `${describeFacts(facts)}${note}\n${describeMemory(memory)}`;
}
