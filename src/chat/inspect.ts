/** What a GGUF file is, from its header alone: a text model, a projector or a LoRA adapter, what belongs to it, what memory it needs. */
import { dirname, join } from "node:path";
import { describeTextModel, type TextModelFacts } from "../language/describe-model.js";
import { describeLora, type LoraFacts } from "../language/describe-lora.js";
import { parseLoraAdapter } from "../language/lora-adapter.js";
import { readModelFile } from "../language/model-file.js";
import { projectorsBeside } from "../models/installed.js";
import type { ProjectorFacts } from "../native/addon.js";
import { loadAddon } from "../native/load-addon.js";
import { tabulateMemory, type MemoryTables } from "./memory-tables.js";

/** A projector file that lies beside a text model. */
export interface NearbyProjector {
  readonly path: string;
  /** Whether its tokens have the width of the text model; null when the file cannot be read as a projector. */
  readonly fits: boolean | null;
}

export interface TextModelInspection extends TextModelFacts {
  readonly kind: "text";
  readonly projectors: readonly NearbyProjector[];
  /** With the first projector that fits; null for a model of another kind, which this package does not run. */
  readonly memory: MemoryTables | null;
}

export interface ProjectorInspection extends ProjectorFacts {
  readonly kind: "projector";
  /** In words: the text models that its tokens fit. */
  readonly fits: string;
}

export interface LoraInspection extends LoraFacts {
  readonly kind: "lora";
  /** In words: the text models that it may have been trained on. */
  readonly fits: string;
}

export type Inspection = TextModelInspection | ProjectorInspection | LoraInspection;

/**
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, FILE_UNUSABLE; MODEL_MISMATCH for a projector or an adapter that no
 *   MedGemma can use
 */
export async function inspectFile(path: string): Promise<Inspection> {
  const file = await readModelFile(path);
  if (file.type === "adapter") {
    const facts = describeLora(await parseLoraAdapter(file));
    return { kind: "lora", ...facts, fits: facts.hiddenSize === null ? "unknown" : textModelsOfWidth(facts.hiddenSize) };
  }
  if (file.architecture === "clip") {
    const facts = await loadAddon().inspectProjector(path);
    return { kind: "projector", ...facts, fits: textModelsOfWidth(facts.projectionSize) };
  }
  const facts = await describeTextModel(file);
  const nearby = await projectorsIn(dirname(path));
  const fits = (projector: ProjectorFacts | null) => (projector === null ? null : projector.projectionSize === facts.hiddenSize);
  const fitting = nearby.find(({ projector }) => fits(projector) === true)?.projector ?? null;
  return {
    kind: "text",
    ...facts,
    projectors: nearby.map(({ path: nearbyPath, projector }) => ({ path: nearbyPath, fits: fits(projector) })),
    memory: file.architecture === "gemma3" ? tabulateMemory(file, fitting) : null
  };
}

/** A broken file beside the one that was asked about is worth a word, not a failure. */
async function projectorsIn(folder: string): Promise<{ readonly path: string; readonly projector: ProjectorFacts | null }[]> {
  const paths = (await projectorsBeside(folder)).map((name) => join(folder, name));
  return await Promise.all(paths.map(async (path) => ({ path, projector: await loadAddon().inspectProjector(path).catch(() => null) })));
}

/** Hidden sizes of the published models (Gemma 3 report, table 1). */
function textModelsOfWidth(width: number): string {
  const names: Readonly<Record<number, string>> = { 2560: " (MedGemma 4B)", 5376: " (MedGemma 27B)" };
  return `text models of hidden size ${width}${names[width] ?? ""}`;
}
