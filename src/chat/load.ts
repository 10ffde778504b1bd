/** Loads a MedGemma: resolves its files, checks that they belong together, then loads both parts side by side. */
import { abortedError, MedGemmaError } from "../errors.js";
import { LanguageModel } from "../language/language-model.js";
import { startLlama, type LlamaRuntime } from "../language/llama.js";
import { readTextModelFile, type ModelFile } from "../language/model-file.js";
import { resolveModel } from "../models/resolve-model.js";
import type { ProjectorFacts } from "../native/addon.js";
import { loadAddon } from "../native/load-addon.js";
import { VisionModel } from "../vision/vision-model.js";
import type { ModelParts } from "./encode-images.js";
import { MedGemma } from "./medgemma.js";
import type { LoadedModel, LoadOptions, ModelSource } from "./types.js";

/**
 * @param source "demo", the id of an installed model, a GGUF path, or both paths. Default: the installed MedGemma, else
 *   the demo model.
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, MODEL_MISMATCH, GPU_UNAVAILABLE, ADDON_MISSING, ADDON_MISMATCH,
 *   OUT_OF_MEMORY, INVALID_ARGUMENT, ABORTED
 */
export async function loadMedGemma(source?: ModelSource, options: LoadOptions = {}): Promise<MedGemma> {
  const started = performance.now();
  const { model, parts } = await loadParts(source, options);
  return new MedGemma(model, parts, performance.now() - started);
}

/** The parts of a model without a chat around them; whoever loads them disposes both. Throws as `loadMedGemma`. */
export async function loadParts(
  source?: ModelSource,
  options: LoadOptions = {}
): Promise<{ readonly model: LoadedModel; readonly parts: ModelParts; readonly runtime: LlamaRuntime }> {
  checkLoadOptions(options);
  const { signal } = options;
  const named = typeof source === "object" ? source : { model: source, mmproj: undefined };
  const paths = await resolveModel(named.model, { mmproj: options.mmproj ?? named.mmproj });
  // First of all, so that the addon for the files is the one for the backend: two would load two copies of ggml.
  const runtime = await startLlama(options.gpu ?? "auto");
  const addon = loadAddon(runtime.libraries);
  const file = await readTextModelFile(paths.text);
  const facts = paths.mmproj === null ? null : await addon.inspectProjector(paths.mmproj);
  if (facts !== null) checkPair(file, facts);
  if (signal?.aborted === true) throw abortedError(`Loading ${paths.id}`, signal);

  const loading = await Promise.allSettled([
    LanguageModel.load(file, {
      ...options,
      parallel: options.parallel ?? 1,
      runtime,
      addon,
      tokensPerImage: facts?.tokensPerImage ?? 0
    }),
    facts === null
      ? null
      : VisionModel.load(addon, facts.path, {
          gpu: runtime.gpu !== "off",
          cache: options.imageCache,
          threads: options.threads ?? runtime.threadsFor(facts.byteLength)
        })
  ]);
  const [language, vision] = loading;
  if (language.status === "rejected" || vision.status === "rejected") {
    if (language.status === "fulfilled") await language.value.dispose();
    if (vision.status === "fulfilled") await vision.value?.dispose();
    throw language.status === "rejected" ? language.reason : (vision as PromiseRejectedResult).reason;
  }
  return {
    model: { id: paths.id, text: paths.text, mmproj: paths.mmproj, gpu: runtime.gpu },
    parts: { language: language.value, vision: vision.value },
    runtime
  };
}

/** A wrong pair gives fluent nonsense, or crashes other programs; here it is refused before any weight is read. */
function checkPair(file: ModelFile, facts: ProjectorFacts): void {
  const width = file.info.architectureMetadata.embedding_length;
  if (width === facts.projectionSize) return;
  throw new MedGemmaError(
    "MODEL_MISMATCH",
    `The projector ${facts.path} gives tokens of width ${facts.projectionSize}, but the model ${file.path} has width ${String(width)}. ` +
      "Use the projector that belongs to this model."
  );
}

function checkLoadOptions({ threads, contextSize, parallel, gpu, imageCache }: LoadOptions): void {
  for (const [name, value] of Object.entries({ maxBytes: imageCache?.maxBytes, maxFolderBytes: imageCache?.maxFolderBytes })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw new MedGemmaError("INVALID_ARGUMENT", `imageCache.${name} must be a whole number of bytes from 0, but is ${String(value)}.`);
  }
  for (const [name, value] of Object.entries({ threads, contextSize, parallel })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw new MedGemmaError("INVALID_ARGUMENT", `${name} must be a whole number from 1, but is ${String(value)}.`);
  }
  if (gpu !== undefined && !["auto", "metal", "cuda", "vulkan", "off"].includes(gpu)) {
    throw new MedGemmaError("INVALID_ARGUMENT", `gpu must be auto, metal, cuda, vulkan or off, but is ${gpu as string}.`);
  }
}
