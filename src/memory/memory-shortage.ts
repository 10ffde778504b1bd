/** The error of a model that does not fit, in one line: what it needs, what there is, and which smaller choice fits. */
import { MedGemmaError } from "../errors.js";
import { neededRam, type MemoryBudget, type MemoryChoice } from "./choose-memory.js";

/** Names a smaller model that fits into so many bytes, as an advice in one sentence; null when none is known. */
export type SmallerModel = (budgetBytes: number) => string | null;

/** @param options.smallerContext The largest context that fits; null: none does. */
export function memoryShortage(
  path: string,
  choice: MemoryChoice,
  budget: MemoryBudget,
  options: { readonly smallerContext: number | null; readonly smaller: SmallerModel }
): MedGemmaError {
  const { ram, vram } = choice.estimate;
  const both = (part: (parts: typeof ram) => number) => part(ram) + (budget.isUnified ? part(vram) : 0);
  const parts = [
    `text ${gigabytes(both(({ weightBytes }) => weightBytes))}`,
    `context ${gigabytes(both(({ keyValueBytes, workBytes }) => keyValueBytes + workBytes))}`,
    `images ${gigabytes(both(({ towerWeightBytes, towerWorkBytes, furtherImageBytes }) => towerWeightBytes + towerWorkBytes + furtherImageBytes))}`,
    `program ${gigabytes(ram.processBytes)}`
  ];
  const advice =
    options.smallerContext === null
      ? (options.smaller(budget.ram) ?? "Use a smaller quantisation, or close other programs.")
      : `Use --context ${options.smallerContext}.`;
  return new MedGemmaError(
    "OUT_OF_MEMORY",
    `${path} with a context of ${choice.setup.contextSize} tokens needs ${gigabytes(neededRam(choice.estimate, budget))} (${parts.join(", ")}), ` +
      `but ${gigabytes(budget.ram)} are available: ${gigabytes(choice.shortage)} too much. ${advice} MEDGEMMA_IGNORE_MEMORY=1 loads it anyway.`
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
