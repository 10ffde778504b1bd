/** The error of a model that does not fit, in one line: what it needs, what there is, and which smaller choice fits. */
import { MedGemmaError } from "../errors.js";
import type { Remedy } from "../remedy.js";
import { neededRam, type MemoryBudget, type MemoryChoice } from "./choose-memory.js";

/** A smaller model that fits into so many bytes; null when none is known. */
export type SmallerModel = (budgetBytes: number) => { readonly id: string; readonly neededBytes: number } | null;

interface SmallerChoices {
  /** The largest context that fits; null: none does. */
  readonly smallerContext: number | null;
  readonly smaller: SmallerModel;
}

export function memoryShortage(
  path: string,
  choice: MemoryChoice,
  budget: MemoryBudget,
  options: SmallerChoices
): MedGemmaError {
  const { ram, vram } = choice.estimate;
  const both = (part: (parts: typeof ram) => number) => part(ram) + (budget.isUnified ? part(vram) : 0);
  const parts = [
    `text ${gigabytes(both(({ weightBytes }) => weightBytes))}`,
    `context ${gigabytes(both(({ keyValueBytes, workBytes }) => keyValueBytes + workBytes))}`,
    `images ${gigabytes(both(({ towerWeightBytes, towerWorkBytes, furtherImageBytes }) => towerWeightBytes + towerWorkBytes + furtherImageBytes))}`,
    `program ${gigabytes(ram.processBytes)}`
  ];
  const [advice, remedy] = adviceFor(options, budget.ram);
  return new MedGemmaError(
    "OUT_OF_MEMORY",
    `${path} with a context of ${choice.setup.contextSize} tokens needs ${gigabytes(neededRam(choice.estimate, budget))} (${parts.join(", ")}), ` +
      `but ${gigabytes(budget.ram)} are available: ${gigabytes(choice.shortage)} too much. MEDGEMMA_IGNORE_MEMORY=1 loads it anyway. ${advice}`,
    { remedy }
  );
}

function adviceFor(
  { smallerContext, smaller: smallerFor }: SmallerChoices,
  budgetBytes: number
): readonly [advice: string, remedy: Remedy | null] {
  if (smallerContext !== null)
    return [`Load with contextSize ${smallerContext}.`, { option: "contextSize", value: smallerContext }];
  const smaller = smallerFor(budgetBytes);
  if (smaller === null) return ["Use a smaller quantisation, or close other programs.", null];
  return [
    `${smaller.id} fits (about ${(smaller.neededBytes / 1e9).toFixed(1)} GB).`,
    { command: "pull", argument: smaller.id }
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
