/** Plans a model's memory before any weight is read, or refuses it. */
import { isAllowed } from "../shared/environment.js";
import type { LlamaRuntime } from "../language/llama.js";
import type { ModelFile } from "../language/model-file.js";
import { shapeOf } from "../language/gemma-shape.js";
import type { NativeAddon, ProjectorFacts } from "../native/addon.js";
import { contextForImages } from "./images-in-context.js";
import { chooseMemory, type MemoryBudget, type MemoryQuestion } from "./choose-memory.js";
import { readMemoryBudget } from "./memory-budget.js";
import { memoryEstimator, type MemorySetup } from "./memory-estimate.js";
import { memoryShortage, type SmallerModel } from "./memory-shortage.js";

export interface MemoryPlan extends MemorySetup {
  /** What the context would have been with more memory. */
  readonly wantedContextSize: number;
  /** All that a GPU could take, the output counted as one. */
  readonly layers: number;
}

/** Room for an image, a long answer and some turns; a larger one costs memory that most conversations never use. */
const defaultContextSize = 8192;

/** Room for one image, a question and an answer of the default length. */
const leastContextSize = 2048;

/** Where memory is short, the next context is a tenth smaller and a multiple of this. */
const contextStep = 1024;

/**
 * @param options.contextSize Default: 8192 or what the images need, at most the model's own; less, down to 2048, where memory is short.
 * @throws MedGemmaError OUT_OF_MEMORY unless MEDGEMMA_IGNORE_MEMORY=1; INVALID_ARGUMENT for a wrong MEDGEMMA_MEMORY_LIMIT
 */
export async function planMemory(
  file: ModelFile,
  projector: ProjectorFacts | null,
  options: {
    readonly runtime: LlamaRuntime;
    readonly addon: NativeAddon;
    readonly parallel: number;
    readonly contextSize?: number | undefined;
    readonly images?: number | undefined;
    readonly maxTokens?: number | undefined;
    /** Of LoRA adapters, which lie beside the weights that they change. */
    readonly adapterBytes: number;
    readonly smaller?: SmallerModel | undefined;
  }
): Promise<MemoryPlan> {
  const { runtime, addon, parallel, images, smaller = () => null } = options;
  const { gpu } = runtime;
  const shape = shapeOf(file);
  const forImages = projector === null ? 0 : contextForImages(images ?? 1, projector.tokensPerImage, options.maxTokens);
  const wantedContextSize = options.contextSize ?? Math.min(Math.max(defaultContextSize, forImages), shape.contextSize);
  const estimator = (isUnified: boolean) =>
    memoryEstimator(file, projector, addon, { gpu, isUnified, parallel, images });
  const cpuOnly = { contextSize: wantedContextSize, gpuLayers: 0, towerOnGpu: false };
  const budget = without(
    await readMemoryBudget(runtime, estimator(false)(cpuOnly).ram.processBytes),
    options.adapterBytes
  );
  const estimateAt = estimator(budget.isUnified);
  const question: MemoryQuestion = {
    contextSizes: [wantedContextSize, ...(options.contextSize === undefined ? smallerContexts(wantedContextSize) : [])],
    layers: shape.layers + 1,
    hasTower: projector !== null
  };

  const choice = chooseMemory(estimateAt, question, budget);
  if (choice.shortage > 0 && !isAllowed("MEDGEMMA_IGNORE_MEMORY")) {
    const [next, ...others] = smallerContexts(choice.setup.contextSize).filter((size) => size <= shape.contextSize);
    const smallerChoice =
      next === undefined ? null : chooseMemory(estimateAt, { ...question, contextSizes: [next, ...others] }, budget);
    const smallerContext = smallerChoice?.shortage === 0 ? smallerChoice.setup.contextSize : null;
    throw memoryShortage(file.path, choice, budget, { smallerContext, smaller });
  }
  return { ...choice.setup, wantedContextSize, layers: question.layers };
}

function smallerContexts(contextSize: number): number[] {
  const sizes = [];
  for (let size = contextSize; size > leastContextSize;) {
    size = Math.max(leastContextSize, Math.floor((size * 0.9) / contextStep) * contextStep);
    sizes.push(size);
  }
  return sizes;
}

function without({ ram, vram, isUnified }: MemoryBudget, bytes: number): MemoryBudget {
  return { ram: Math.max(0, ram - bytes), vram: vram === null ? null : Math.max(0, vram - bytes), isUnified };
}
