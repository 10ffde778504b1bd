/** `inspect`: what a GGUF file is, from its header alone. */
import { existsSync } from "node:fs";
import type { InferredOptionTypes } from "yargs";
import type { Inspection } from "../../loading/inspect.js";
import { findModelFile } from "../../models/resolve-model.js";
import type { LoadedCommand } from "../commands.js";
import { describeFacts } from "../describe-facts.js";
import { describeMemory } from "../describe-memory.js";
import { jsonOption } from "../options.js";
import { printAnswer, printJson } from "../output.js";

const options = { ...jsonOption } as const;

type Arguments = InferredOptionTypes<typeof options> & { file: string };

export const inspectCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("file", {
        type: "string",
        demandOption: true,
        describe:
          'GGUF file (a text model, a projector or a LoRA adapter), "demo", or the id of a model that "models" lists'
      })
      .options(options)
      .example("$0 inspect medgemma-4b-it-Q4_K_M.gguf", "")
      .example("$0 inspect 1.5-4b-it", "")
      .example("$0 inspect mmproj-F16.gguf --json", ""),
  handler: inspect
};

async function inspect({ file, json }: Arguments): Promise<void> {
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
