/** A model's memory at several context sizes, on the CPU and with all layers on a GPU. For people who choose a model. */
import { shapeOf } from "../language/gemma-shape.js";
import type { ModelFile } from "../language/model-file.js";
import type { ProjectorFacts } from "../native/addon.js";
import { loadAddon } from "../native/load-addon.js";
import { memoryEstimator, type MemoryEstimate, type MemoryParts } from "./memory-estimate.js";

/** Context size in tokens → bytes. */
export type BytesByContext = Readonly<Record<number, number>>;

export interface MemoryTable {
  readonly weightBytes: number;
  readonly keyValueBytes: BytesByContext;
  /** For a question with an image, and its answer; on a GPU all that a full context could need. */
  readonly workBytes: BytesByContext;
  /** 0 without a projector beside the model. */
  readonly towerWeightBytes: number;
  readonly towerWorkBytes: number;
  readonly totalBytes: BytesByContext;
}

export interface MemoryTables {
  /** The computer's memory when the CPU computes everything: what the process shows as resident at its peak. */
  readonly cpu: MemoryTable & {
    readonly processBytes: number;
    /** Pages of the file beside the CPU's copies of its weights, which the system takes back when memory is short. */
    readonly cachedFileBytes: number;
  };
  /** The GPU's memory when it holds all layers and the projector. */
  readonly gpu: MemoryTable & {
    /** What the computer's memory holds then. */
    readonly hostBytes: BytesByContext;
  };
}

const contextSizes = [2048, 8192, 32_768, 131_072];

/** An image has 256, the question some, the answer some hundred. */
const questionTokens = 1024;

export function tabulateMemory(file: ModelFile, projector: ProjectorFacts | null): MemoryTables {
  const { layers, contextSize } = shapeOf(file);
  const sizes = [...contextSizes.filter((size) => size < contextSize), contextSize];
  const addon = loadAddon();
  const estimates = (onGpu: boolean): readonly Estimate[] => {
    const estimateAt = memoryEstimator(file, projector, addon, {
      gpu: onGpu ? "cuda" : "off",
      isUnified: false,
      parallel: 1,
      tokens: questionTokens
    });
    return sizes.map((size) => [
      size,
      estimateAt({ contextSize: size, gpuLayers: onGpu ? layers + 1 : 0, towerOnGpu: onGpu })
    ]);
  };
  const onCpu = estimates(false);
  const onGpu = estimates(true);
  const first = onCpu[0]?.[1];
  const cpu = tabulate(onCpu, ({ ram }) => ram);
  return {
    cpu: {
      ...cpu,
      processBytes: first?.ram.processBytes ?? 0,
      cachedFileBytes: first?.cachedFileBytes ?? 0,
      totalBytes: column(onCpu, ({ ram, cachedFileBytes }) => ram.totalBytes + cachedFileBytes)
    },
    gpu: { ...tabulate(onGpu, ({ vram }) => vram), hostBytes: column(onGpu, ({ ram }) => ram.totalBytes) }
  };
}

type Estimate = readonly [contextSize: number, estimate: MemoryEstimate];

function tabulate(estimates: readonly Estimate[], device: (estimate: MemoryEstimate) => MemoryParts): MemoryTable {
  const first = estimates[0]?.[1];
  const fixed = (part: "weightBytes" | "towerWeightBytes" | "towerWorkBytes") =>
    first === undefined ? 0 : device(first)[part];
  return {
    weightBytes: fixed("weightBytes"),
    keyValueBytes: column(estimates, (estimate) => device(estimate).keyValueBytes),
    workBytes: column(estimates, (estimate) => device(estimate).workBytes),
    towerWeightBytes: fixed("towerWeightBytes"),
    towerWorkBytes: fixed("towerWorkBytes"),
    totalBytes: column(estimates, (estimate) => device(estimate).totalBytes)
  };
}

function column(estimates: readonly Estimate[], value: (estimate: MemoryEstimate) => number): BytesByContext {
  return Object.fromEntries(estimates.map(([contextSize, estimate]) => [contextSize, value(estimate)]));
}
