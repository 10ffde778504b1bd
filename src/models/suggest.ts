/** Which model of the catalog to take with so much memory. */
import { choicesOf, idOf, neededBytes, type Catalog, type CatalogChoice, type CatalogModel } from "./catalog.js";

/** The first of the catalog that fits, in its first quantisation: the one to propose. null: none fits. */
export function suggestModel({ models }: Catalog, budgetBytes: number): CatalogChoice | null {
  return fitting(models, budgetBytes)[0] ?? null;
}

/** For whoever chose a model that does not fit: the largest one with tokens of the same width that does, else the largest of all. */
export function adviseSmaller({ models }: Catalog, hiddenSize: number, budgetBytes: number): { readonly id: string; readonly neededBytes: number } | null {
  const bySize = (candidates: readonly CatalogChoice[]) => candidates.toSorted((a, b) => neededBytes(b.model, b.quantization) - neededBytes(a.model, a.quantization));
  const same = models.filter((model) => model.hiddenSize === hiddenSize);
  const [best] = [...bySize(fitting(same, budgetBytes)), ...bySize(fitting(models, budgetBytes))];
  if (best === undefined) return null;
  const { model, quantization } = best;
  return { id: idOf(best), neededBytes: neededBytes(model, quantization) };
}

/** In the catalog's order, which is the order of preference. */
function fitting(models: readonly CatalogModel[], budgetBytes: number): CatalogChoice[] {
  return choicesOf({ models }).filter(({ model, quantization }) => neededBytes(model, quantization) <= budgetBytes);
}
