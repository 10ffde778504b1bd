/** Which model of the catalog to take with so much memory. */
import { downloadBytes, neededBytes, type Catalog, type CatalogModel, type Quantization } from "./catalog.js";

export interface Suggestion {
  readonly model: CatalogModel;
  readonly quantization: Quantization;
}

/** The first of the catalog that fits, in its first quantisation: the one to propose. null: none fits. */
export function suggestModel({ models }: Catalog, budgetBytes: number): Suggestion | null {
  return fitting(models, budgetBytes)[0] ?? null;
}

/**
 * A sentence for whoever chose a model that does not fit: the largest one with tokens of the same width that does, else the
 * largest of all.
 */
export function adviseSmaller({ models }: Catalog, hiddenSize: number, budgetBytes: number): string | null {
  const bySize = (candidates: readonly Suggestion[]) => candidates.toSorted((a, b) => neededBytes(b.model, b.quantization) - neededBytes(a.model, a.quantization));
  const same = models.filter((model) => model.hiddenSize === hiddenSize);
  const [best] = [...bySize(fitting(same, budgetBytes)), ...bySize(fitting(models, budgetBytes))];
  if (best === undefined) return null;
  const { model, quantization } = best;
  return `${idOf(best)} fits (about ${(neededBytes(model, quantization) / 1e9).toFixed(1)} GB): medgemma-local pull ${idOf(best)}.`;
}

export function idOf({ model, quantization }: Suggestion): string {
  return `${model.id}:${quantization.name}`;
}

/** For people: how much is to be downloaded. */
export function describeDownload({ model, quantization }: Suggestion): string {
  return `${(downloadBytes(model, quantization) / 1e9).toFixed(1)} GB`;
}

/** In the catalog's order, which is the order of preference. */
function fitting(models: readonly CatalogModel[], budgetBytes: number): Suggestion[] {
  return models.flatMap((model) => model.quantizations.map((quantization) => ({ model, quantization }))).filter(({ model, quantization }) => neededBytes(model, quantization) <= budgetBytes);
}
