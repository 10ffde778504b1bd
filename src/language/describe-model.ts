/** The facts of a text model for people: sizes, quantisation, template, and the memory that it takes. Loads no weights. */
import { GgmlType, GgufInsights } from "node-llama-cpp";
import { MedGemmaError } from "../errors.js";
import type { ModelFile } from "./model-file.js";

export interface TextModelFacts {
  readonly path: string;
  readonly byteLength: number;
  /** GGUF `general.architecture`. */
  readonly architecture: string;
  readonly name: string | null;
  readonly parameters: number;
  /** Type of most weights: Q4_K, Q8_0, F16, … */
  readonly weightType: string | null;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Tokens that the model was trained for. */
  readonly contextSize: number;
  /** Tokens that a local layer looks back; null: all layers are global. */
  readonly slidingWindow: number | null;
  readonly hasChatTemplate: boolean;
  /** On the CPU, in bytes. */
  readonly memory: {
    readonly weightBytes: number;
    /** Context size in tokens → keys, values and work memory for a conversation of that length. */
    readonly contextBytes: Readonly<Record<number, number>>;
  };
}

const contextSizes = [4096, 8192, 32_768, 131_072];

/** @throws MedGemmaError MODEL_CORRUPT when a size that every model has is missing */
export async function describeTextModel({ path, byteLength, architecture, info }: ModelFile): Promise<TextModelFacts> {
  const insights = await GgufInsights.from(info);
  const { embeddingVectorSize: hiddenSize, trainContextSize: contextSize, dominantTensorType } = insights;
  if (hiddenSize === undefined || contextSize === undefined) {
    throw new MedGemmaError("MODEL_CORRUPT", `${path} is no usable text model: its hidden size or context length is missing.`);
  }
  const { general, tokenizer } = info.metadata;
  const contextBytes: Record<number, number> = {};
  for (const tokens of [...contextSizes.filter((size) => size < contextSize), contextSize]) {
    contextBytes[tokens] = await bytesOfContext(insights, tokens);
  }
  return {
    path,
    byteLength,
    architecture,
    name: general.name ?? null,
    parameters: insights.totalParameters,
    weightType: dominantTensorType === undefined ? null : GgmlType[dominantTensorType],
    layers: info.architectureMetadata.block_count ?? 0,
    hiddenSize,
    vocabularySize: tokenizer.ggml.tokens.length,
    contextSize,
    slidingWindow: insights.swaSize ?? null,
    hasChatTemplate: tokenizer.chat_template !== undefined,
    memory: {
      weightBytes: (await insights.estimateModelResourceRequirementsV2({ gpuLayers: 0 })).cpuRam,
      contextBytes
    }
  };
}

async function bytesOfContext(insights: GgufInsights, contextSize: number): Promise<number> {
  const { cpuRam } = await insights.estimateContextResourceRequirementsV2({ contextSize, modelGpuLayers: 0, batchSize: 512, sequences: 1 });
  return cpuRam;
}
