/** Which models of the catalog suit this machine: whether they fit, and how fast they will be. Loads none of them. */
import { towerFlops, type TowerShape } from "../bench/tower-flops.js";
import { readMemoryBudget } from "../../memory/memory-budget.js";
import { describeMachine, type MachineFacts } from "../../language/host/describe-machine.js";
import { startLlama } from "../../language/llama.js";
import {
  bytesOf,
  choicesOf,
  downloadBytes,
  neededBytes,
  readCatalog,
  type CatalogChoice
} from "../../models/catalog.js";
import { suggestModel } from "../../models/suggest.js";
import type { MachineLimits } from "../../native/addon.js";
import { loadAddon } from "../../native/load-addon.js";
import type { TrialOptions } from "../../trial/try-backend.js";

export interface Advice {
  readonly machine: MachineFacts;
  /** Memory that a model may take now: of the machine, or of its GPU where that has more. */
  readonly budgetBytes: number;
  readonly models: readonly ModelAdvice[];
  /** null: none fits. */
  readonly proposal: CatalogChoice | null;
}

export interface ModelAdvice extends CatalogChoice {
  readonly downloadBytes: number;
  /** Memory for the model, a conversation of 8192 tokens, and images. */
  readonly neededBytes: number;
  readonly fits: boolean;
  /** Expected on this CPU; null on a GPU, which nothing was measured on. */
  readonly tokensPerSecond: number | null;
  readonly imageMs: number | null;
}

/**
 * What the tower reaches of the machine's arithmetic, and generation of its memory, measured with `bench` on the 4B shapes
 * (docs/internals/performance.md): 0.82 and 0.90.
 */
const reached = { arithmetic: 0.82, memory: 0.9 };

/** MedGemma's image tower (SigLIP So400m/14 at 896 pixels), the same in all sizes of the model. */
const tower: TowerShape = { imageSize: 896, patchSize: 14, width: 1152, layers: 27, feedForward: 4304 };

/** @throws MedGemmaError ADDON_MISSING, ABORTED */
export async function advise(options: TrialOptions = {}): Promise<Advice> {
  const runtime = await startLlama("auto", options);
  const machine = await describeMachine(runtime);
  const catalog = await readCatalog();
  const isCpu = runtime.gpu === "off";
  const limits = isCpu ? await loadAddon(runtime.libraries).measureMachine("F16", runtime.cores) : null;
  // What this process holds now, a model may have.
  const { ram, vram } = await readMemoryBudget(runtime, Infinity);
  const budgetBytes = Math.max(ram, vram ?? 0);
  const models = choicesOf(catalog).map((choice) => describe(choice, budgetBytes, limits));
  return { machine, budgetBytes, models, proposal: suggestModel(catalog, budgetBytes) };
}

function describe(
  { model, quantization }: CatalogChoice,
  budgetBytes: number,
  limits: MachineLimits | null
): ModelAdvice {
  const needed = neededBytes(model, quantization);
  return {
    model,
    quantization,
    downloadBytes: downloadBytes(model, quantization),
    neededBytes: needed,
    fits: needed <= budgetBytes,
    // Every token reads all weights once.
    tokensPerSecond: limits === null ? null : (limits.readGbytes * 1e9 * reached.memory) / bytesOf(quantization),
    imageMs:
      limits === null || model.projector === null
        ? null
        : towerFlops(tower) / (limits.gflops * 1e6 * reached.arithmetic)
  };
}
