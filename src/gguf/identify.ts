/** What a GGUF file is, from the keys of its header alone. Quick enough for folders of many files: of another model only the first keys are read. */
import { numberOf, readGgufHeader, textOf, type GgufHeader, type GgufValue } from "./header.js";

/**
 * - "text": a Gemma 3 text model.
 * - "projector": an image tower with a projector into Gemma 3.
 * - "ollama": a Gemma 3 in Ollama's own layout, which llama.cpp does not read: its keys differ, and the tower is in the same file.
 * - "part": a part of a split model behind the first.
 * - "adapter": a LoRA adapter.
 * - "imatrix": statistics for quantising, no model.
 * - "other-projector": a projector into another model.
 * - "other": a model of another architecture.
 */
export type GgufKind = "text" | "projector" | "ollama" | "part" | "adapter" | "imatrix" | "other-projector" | "other";

/** What a header says about its file. */
export interface GgufIdentity {
  readonly path: string;
  readonly byteLength: number;
  readonly kind: GgufKind;
  /** GGUF `general.architecture`. */
  readonly architecture: string | null;
  /** GGUF `general.name`: "Medgemma 1.5 4b It". */
  readonly name: string | null;
  /** `general.basename`, `general.finetune`, `general.base_model.*`: more names, for telling versions apart. */
  readonly otherNames: readonly string[];
  /** Width of a token's embedding; of a projector: of the tokens that it makes. */
  readonly width: number | null;
  /** GGUF `split.no` (from 0) and `split.count`; null: a whole file. */
  readonly split: { readonly index: number; readonly count: number } | null;
  /** An image tower lies in the file. */
  readonly hasTower: boolean;
}

/** @throws MedGemmaError MODEL_NOT_FOUND, FILE_UNUSABLE, MODEL_CORRUPT */
export async function identifyGguf(path: string): Promise<GgufIdentity> {
  return identifyHeader(await readGgufHeader(path, { stopAt: isForeign }));
}

/** Gemma's files are read to the end of the header: Ollama's layout shows in its tensors. */
function isForeign(values: ReadonlyMap<string, GgufValue>): boolean {
  const architecture = textOf(values.get("general.architecture"));
  return architecture !== null && architecture !== "gemma3" && architecture !== "clip";
}

export function identifyHeader(header: GgufHeader): GgufIdentity {
  const { path, byteLength, values } = header;
  const architecture = textOf(values.get("general.architecture"));
  const index = numberOf(values.get("split.no"));
  const count = numberOf(values.get("split.count"));
  const hasTower =
    architecture === "gemma3" && header.tensors.some(({ name }) => name.startsWith("v.") || name.startsWith("mm."));
  return {
    path,
    byteLength,
    kind: kindOf(header, architecture),
    architecture,
    name: textOf(values.get("general.name")),
    otherNames: [...values]
      .filter(([key]) => /^general\.(?:basename|finetune|base_model\.\d+\.(?:name|repo_url))$/.test(key))
      .flatMap(([, value]) => textOf(value) ?? []),
    width: numberOf(
      values.get(architecture === "clip" ? "clip.vision.projection_dim" : `${architecture ?? ""}.embedding_length`)
    ),
    split: index === null || count === null || count <= 1 ? null : { index, count },
    hasTower
  };
}

function kindOf({ values, tensors }: GgufHeader, architecture: string | null): GgufKind {
  const type = textOf(values.get("general.type"));
  if (type === "imatrix" || (architecture === null && values.has("imatrix.chunk_count"))) return "imatrix";
  if (type === "adapter") return "adapter";
  if ((numberOf(values.get("split.no")) ?? 0) > 0) return "part";
  if (architecture === "clip") {
    const projector = textOf(values.get("clip.projector_type")) ?? textOf(values.get("clip.vision.projector_type"));
    return projector === "gemma3" ? "projector" : "other-projector";
  }
  if (architecture !== "gemma3") return "other";
  // EmbeddingGemma in Ollama's layout: the same architecture, but it makes vectors, not text.
  if (tensors.some(({ name }) => name.startsWith("dense."))) return "other";
  return isOllamaLayout(values, tensors) ? "ollama" : "text";
}

/** Ollama's converter, convert/convert_gemma3.go, leaves out or calls differently what llama.cpp asks for. */
function isOllamaLayout(values: ReadonlyMap<string, GgufValue>, tensors: GgufHeader["tensors"]): boolean {
  if (tensors.some(({ name }) => name.startsWith("v.") || name.startsWith("mm."))) return true;
  if (!values.has("gemma3.attention.layer_norm_rms_epsilon")) return true;
  return (
    values.has("gemma3.rope.global.freq_base") ||
    values.has("gemma3.rope.local.freq_base") ||
    values.has("gemma3.mm.tokens_per_image")
  );
}
