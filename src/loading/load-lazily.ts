/**
 * The entry for programs. node-llama-cpp is imported by the first load: it has a top-level await, which require() refuses, and
 * who only prepares pictures or pulls models does not need it.
 */
import { ensureRoomForLlama } from "../native/process-limits.js";
import type { MedGemma } from "../chat/medgemma.js";
import type { LoadOptions, ModelSource } from "../chat/types.js";

/**
 * Loads a MedGemma: resolves its files, checks that they belong together, then loads text model and image tower side by side.
 *
 * @param source "demo", the id of an installed model, a GGUF path, or both paths. Default: the installed MedGemma, else
 *   the demo model, with a warning.
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_MISMATCH, GPU_UNAVAILABLE, ADDON_MISSING, ADDON_MISMATCH,
 *   OUT_OF_MEMORY, FILE_UNUSABLE for the folder of the image cache, INVALID_ARGUMENT, ABORTED
 */
export async function loadMedGemma(source?: ModelSource, options: LoadOptions = {}): Promise<MedGemma> {
  const medgemma = await loadQuietly(source, options);
  for (const warning of medgemma.model.warnings) process.emitWarning(warning, "MedGemmaWarning");
  return medgemma;
}

/** For a caller that shows `model.warnings` itself. */
export async function loadQuietly(source: ModelSource | undefined, options: LoadOptions): Promise<MedGemma> {
  ensureRoomForLlama();
  const load = await import("./load.js");
  return await load.loadMedGemma(source, options);
}
