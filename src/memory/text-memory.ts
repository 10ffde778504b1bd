/** What a text model and its context take in memory, by part and device. From the file's header; loads nothing. */
import type { NativeAddon } from "../native/addon.js";
import { contextShapeOf, type ContextRequest } from "../language/host/context-shape.js";
import { shapeOf, type GemmaShape } from "../language/gemma-shape.js";
import { keyValueBytes } from "./key-value-bytes.js";
import type { ModelFile } from "../language/model-file.js";
import { WeightTable } from "./weight-bytes.js";
import { inputBytes, reservedWorkBytes, touchedWorkBytes } from "./work-bytes.js";

export interface TextMemoryRequest extends ContextRequest {
  /** 0: all on the CPU; layers + 1: all on the GPU, the output too. */
  readonly gpuLayers: number;
  /** The GPU computes from the CPU's memory (Apple Silicon). */
  readonly isUnified: boolean;
  /** Tokens that a conversation really has. Default: the whole context. */
  readonly tokens?: number | undefined;
}

export interface TextMemoryParts {
  readonly weightBytes: number;
  readonly keyValueBytes: number;
  readonly workBytes: number;
}

export interface TextMemory {
  readonly ram: TextMemoryParts;
  readonly vram: TextMemoryParts;
  /** See `WeightBytes.copiedFile`. */
  readonly copiedFileBytes: number;
}

/** Estimates for one model, as many as wanted. */
export class TextMemoryEstimator {
  readonly shape: GemmaShape;
  readonly #weights: WeightTable;

  constructor(file: Pick<ModelFile, "info" | "partBytes">, addon: NativeAddon) {
    this.shape = shapeOf(file);
    this.#weights = new WeightTable(file, this.shape.layers, addon);
  }

  estimate({ gpuLayers, isUnified, tokens, ...request }: TextMemoryRequest): TextMemory {
    const { shape } = this;
    const context = contextShapeOf(shape, request);
    const weights = this.#weights.split(gpuLayers, isUnified);
    const caches = keyValueBytes(shape, context);
    const cpuLayers = Math.min(shape.layers, shape.layers + 1 - gpuLayers);
    const used = tokens ?? request.contextSize;
    const fetched = cpuLayers > 0 ? this.#weights.largestLayerBytes : 0;
    return {
      ram: {
        weightBytes: weights.cpu,
        keyValueBytes: sum(caches.slice(0, cpuLayers)),
        workBytes: (cpuLayers > 0 ? touchedWorkBytes : inputBytes)(shape, context, used)
      },
      vram: {
        weightBytes: weights.gpu,
        keyValueBytes: sum(caches.slice(cpuLayers)),
        workBytes: gpuLayers > 0 ? reservedWorkBytes(shape, context) + fetched : 0
      },
      copiedFileBytes: weights.copiedFile
    };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
