/** The facts of a text model for people: sizes, quantisation, template. Loads no weights. */
import { GgmlType, insightsOf, type GgufMetadata } from "./host/gguf.js";
import { MedGemmaError } from "../errors.js";
import type { ModelFile } from "./model-file.js";
import { findGemmaPiece, pieceType } from "./tokens/vocabulary.js";

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
  /** Tokens that the model was trained for. */
  readonly contextSize: number;
  /** Tokens that a local layer looks back; null: all layers are global. */
  readonly slidingWindow: number | null;
  readonly tokenizer: TokenizerFacts;
  /**
   * The template in the file: "gemma" when it has Gemma's turns. The prompt is made by token id and needs none (docs/internals/prompt.md).
   */
  readonly chatTemplate: "gemma" | "other" | null;
}

export interface TokenizerFacts {
  /** GGUF `tokenizer.ggml.model`: "llama" is SentencePiece. */
  readonly kind: string;
  readonly vocabularySize: number;
  /** What the prompt needs, and what tells a thought from an answer → token id; null: not in the vocabulary. */
  readonly controlTokens: Readonly<Record<string, number | null>>;
  /**
   * Of these, of line breaks and of bytes, where the file gives them another type than llama.cpp's converter means to → that type:
   * NORMAL, USER_DEFINED, … It does not matter here: they are known by their text (docs/internals/prompt.md). Other programs may be misled.
   */
  readonly unusualTypes: Readonly<Record<string, string>>;
}

const controlTokens = [
  "<bos>",
  "<eos>",
  "<pad>",
  "<start_of_turn>",
  "<end_of_turn>",
  "<start_of_image>",
  "<end_of_image>",
  "<unused94>",
  "<unused95>"
];

/** @throws MedGemmaError MODEL_CORRUPT when a size that every model has is missing */
export async function describeTextModel({ path, byteLength, architecture, info }: ModelFile): Promise<TextModelFacts> {
  const insights = await insightsOf(info);
  const { embeddingVectorSize: hiddenSize, trainContextSize: contextSize, dominantTensorType } = insights;
  if (hiddenSize === undefined || contextSize === undefined) {
    throw new MedGemmaError(
      "MODEL_CORRUPT",
      `${path} is not a usable text model: its hidden size or context length is missing.`
    );
  }
  const { general, tokenizer } = info.metadata;
  return {
    path,
    byteLength,
    architecture,
    name: general.name ?? null,
    parameters: insights.totalParameters,
    weightType: dominantTensorType === undefined ? null : GgmlType[dominantTensorType],
    layers: info.architectureMetadata.block_count ?? 0,
    hiddenSize,
    contextSize,
    slidingWindow: insights.swaSize ?? null,
    tokenizer: describeTokenizer(tokenizer.ggml, architecture),
    chatTemplate:
      tokenizer.chat_template === undefined
        ? null
        : tokenizer.chat_template.includes("<start_of_turn>")
          ? "gemma"
          : "other"
  };
}

type TokenizerMetadata = GgufMetadata["tokenizer"]["ggml"];

function describeTokenizer(metadata: TokenizerMetadata, architecture: string): TokenizerFacts {
  const { model, tokens } = metadata;
  const ids = new Map(tokens.map((text, id) => [text, id]));
  return {
    kind: model,
    vocabularySize: tokens.length,
    controlTokens: Object.fromEntries(controlTokens.map((text) => [text, ids.get(text) ?? null])),
    unusualTypes: architecture === "gemma3" ? findUnusualTypes(metadata) : {}
  };
}

function findUnusualTypes({ tokens, token_type: types }: TokenizerMetadata): TokenizerFacts["unusualTypes"] {
  const found = new Map<string, Set<string>>();
  tokens.forEach((text, id) => {
    const known = findGemmaPiece(text);
    const type = pieceType(types, id);
    if (known === undefined || known.type === type) return;
    const name = controlTokens.includes(text)
      ? text
      : known.role === "byte"
        ? "bytes"
        : /^\n+$/.test(text)
          ? "line breaks"
          : null;
    if (name !== null) found.set(name, (found.get(name) ?? new Set()).add(type));
  });
  return Object.fromEntries([...found].map(([name, different]) => [name, [...different].join(", ")]));
}
