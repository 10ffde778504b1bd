/** Decides how a model is loaded so that it fits: context size, layers on the GPU, and where images are encoded. Pure. */
import type { EstimateAt, MemoryEstimate, MemorySetup } from "./memory-estimate.js";

/** Bytes that the process may have in all, what it has already included. */
export interface MemoryBudget {
  readonly ram: number;
  /** null without a GPU. */
  readonly vram: number | null;
  /** The GPU's memory is part of the CPU's. */
  readonly isUnified: boolean;
}

export interface MemoryQuestion {
  /** In the order of preference; one if the user said it. */
  readonly contextSizes: readonly [number, ...number[]];
  /** Layers that a GPU could take, the output counted as one. */
  readonly layers: number;
  readonly hasTower: boolean;
}

export interface MemoryChoice {
  /** Without a fit: the last that was tried. */
  readonly setup: MemorySetup;
  readonly estimate: MemoryEstimate;
  /** Bytes that are missing; 0: it fits. */
  readonly shortage: number;
}

/**
 * Of all layers. Fewer are not worth an image that takes a minute on the CPU: without the tower of a 4B its GPU takes 17
 * layers more, of a 27B 4.
 */
const usefulShare = 1 / 4;

export function chooseMemory(estimateAt: EstimateAt, question: MemoryQuestion, budget: MemoryBudget): MemoryChoice {
  const [first, ...others] = question.contextSizes;
  let choice = chooseAt(estimateAt, first, question, budget);
  for (const contextSize of others) {
    if (choice.shortage === 0) break;
    choice = chooseAt(estimateAt, contextSize, question, budget);
  }
  return choice;
}

/** As much on the GPU as fits there; whether the rest fits into the computer's memory is what counts then. */
function chooseAt(
  estimateAt: EstimateAt,
  contextSize: number,
  { layers, hasTower }: MemoryQuestion,
  budget: MemoryBudget
): MemoryChoice {
  const cpuOnly = { contextSize, gpuLayers: 0, towerOnGpu: false };
  const setups =
    budget.vram === null
      ? []
      : [...(hasTower ? placements(contextSize, layers, true) : []), ...placements(contextSize, layers, false)];
  const fitsGpu = (setup: MemorySetup) => fits(estimateAt(setup), budget);
  const setup = setups.find(fitsGpu) ?? cpuOnly;
  const estimate = estimateAt(setup);
  return { setup, estimate, shortage: Math.max(0, neededRam(estimate, budget) - budget.ram) };
}

/** The most layers first. */
function placements(contextSize: number, layers: number, towerOnGpu: boolean): MemorySetup[] {
  const least = towerOnGpu ? Math.ceil(layers * usefulShare) : 1;
  return Array.from({ length: layers - least + 1 }, (_, index) => ({
    contextSize,
    gpuLayers: layers - index,
    towerOnGpu
  }));
}

function fits(estimate: MemoryEstimate, budget: MemoryBudget): boolean {
  return (
    estimate.vram.totalBytes <= (budget.vram ?? 0) && (!budget.isUnified || neededRam(estimate, budget) <= budget.ram)
  );
}

/** What the computer's memory holds; of a GPU of its own only what it computes itself. */
export function neededRam({ ram, vram }: MemoryEstimate, { isUnified }: Pick<MemoryBudget, "isUnified">): number {
  return ram.totalBytes + (isUnified ? vram.totalBytes : 0);
}
