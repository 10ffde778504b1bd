/** The memory of a whole model: text, context, image tower and the program itself, by part and device. Loads nothing. */
import type { ModelFile } from "../language/model-file.js";
import { TextMemoryEstimator, type TextMemoryParts } from "./text-memory.js";
import type { NativeAddon, ProjectorFacts, TowerMemory } from "../native/addon.js";
import type { GpuBackend } from "../native/backend.js";

/** Bytes of one device. */
export interface MemoryParts extends TextMemoryParts {
  /** Node, the libraries and the vocabulary; 0 on a GPU. */
  readonly processBytes: number;
  readonly towerWeightBytes: number;
  /** While an image is encoded. */
  readonly towerWorkBytes: number;
  /** Squares and tokens of the further images of a conversation, the slices of a series for example; 0 on a GPU. */
  readonly furtherImageBytes: number;
  /** All of the above. */
  readonly totalBytes: number;
}

export interface MemoryEstimate {
  /** Of the whole process. */
  readonly ram: MemoryParts;
  readonly vram: MemoryParts;
  /**
   * Pages of the weights' file that are there beside the CPU's copies of them. They count as resident, but the system takes
   * them when somebody needs memory, so they are in no total.
   */
  readonly cachedFileBytes: number;
}

/** How a model is loaded, as far as its memory depends on it. */
export interface MemorySetup {
  /** Tokens of one conversation. */
  readonly contextSize: number;
  /** 0: all on the CPU; the model's layers and one more, for the output: all on the GPU. */
  readonly gpuLayers: number;
  readonly towerOnGpu: boolean;
}

export interface EstimateOptions {
  readonly gpu: GpuBackend;
  /** The GPU computes from the CPU's memory. */
  readonly isUnified: boolean;
  /** Conversations at the same time. */
  readonly parallel: number;
  /** That a conversation shows at once. Default 1, which is in the program's own memory. */
  readonly images?: number | undefined;
  /** Tokens that a conversation really has. Default: the whole context. */
  readonly tokens?: number | undefined;
}

export type EstimateAt = (setup: MemorySetup) => MemoryEstimate;

/**
 * The process without any model. Measured on Linux x64, Node 20.20: the peak of `ask` with the demo model less its weights,
 * caches and tower, 121 to 138 MB in twelve runs; with Vulkan (Mesa) 70 MB more. Drivers of other GPUs were not measured.
 */
const processBytes = { off: 132e6, gpu: 202e6 };

/**
 * A token of the vocabulary, in node-llama-cpp's and llama.cpp's tables and their copies. Measured with Gemma 3's 262,208
 * tokens and hardly any weights: 517 while loading, 400 afterwards.
 */
const vocabularyEntryBytes = 450;

export function memoryEstimator(
  file: Pick<ModelFile, "info" | "partBytes">,
  projector: ProjectorFacts | null,
  addon: NativeAddon,
  { gpu, isUnified, parallel, images = 1, tokens }: EstimateOptions
): EstimateAt {
  const text = new TextMemoryEstimator(file, addon);
  const tokensPerImage = projector?.tokensPerImage ?? 0;
  const program = (gpu === "off" ? processBytes.off : processBytes.gpu) + text.shape.vocabulary * vocabularyEntryBytes;
  const furtherImages =
    projector === null
      ? 0
      : (images - 1) * (projector.imageSize ** 2 * 3 + tokensPerImage * projector.projectionSize * 4);
  return ({ contextSize, gpuLayers, towerOnGpu }) => {
    const { ram, vram, copiedFileBytes } = text.estimate({
      contextSize,
      gpuLayers,
      isUnified,
      parallel,
      tokens,
      tokensPerImage
    });
    return {
      ram: withTotal(program, ram, towerOnGpu ? null : projector?.memory.cpu, furtherImages),
      vram: withTotal(0, vram, towerOnGpu ? projector?.memory.gpu : null, 0),
      cachedFileBytes: copiedFileBytes
    };
  };
}

function withTotal(
  program: number,
  text: TextMemoryParts,
  tower: TowerMemory | null | undefined,
  furtherImageBytes: number
): MemoryParts {
  const parts = {
    processBytes: program,
    ...text,
    towerWeightBytes: tower?.weightBytes ?? 0,
    towerWorkBytes: tower?.workBytes ?? 0,
    furtherImageBytes
  };
  return { ...parts, totalBytes: Object.values(parts).reduce((total, bytes) => total + bytes, 0) };
}
