/** Loads a MedGemma: resolves its files, checks that they belong together, then loads both parts side by side. */
import { abortedError, MedGemmaError } from "../errors.js";
import { checkLoraFits } from "../language/lora/check-lora-fits.js";
import { shapeOf } from "../language/gemma-shape.js";
import { LanguageModel } from "../language/language-model.js";
import { startLlama } from "../language/llama.js";
import { readLoraAdapter } from "../language/lora/lora-adapter.js";
import { readTextModelFile, type ModelFile } from "../language/model-file.js";
import { Vocabulary } from "../language/tokens/vocabulary.js";
import { readCatalog } from "../models/catalog.js";
import { lineageOf } from "../models/lineage.js";
import { ensureWidthsFit } from "../models/pair-model.js";
import { resolveModel } from "../models/resolve-model.js";
import { adviseSmaller } from "../models/suggest.js";
import type { ProjectorFacts } from "../native/addon.js";
import { loadAddon } from "../native/load-addon.js";
import { ensureRoom } from "../native/process-limits.js";
import { VisionModel } from "../vision/vision-model.js";
import { MedGemma, type LoadedParts } from "../chat/medgemma.js";
import { checkLoadArguments } from "./load-options.js";
import { planMemory } from "../memory/plan-memory.js";
import { describeProvenance } from "./provenance.js";
import type { LoadOptions, ModelSource } from "../chat/types.js";

/** Threads of the addon, and of libvips for the pictures. */
const threadsBeside = 4;
/** Address space for the context and for what is computed on the way. */
const addressSpaceBeside = 300e6;

/** See load-lazily.ts. */
export async function loadMedGemma(source: ModelSource | undefined, options: LoadOptions): Promise<MedGemma> {
  const started = performance.now();
  const loaded = await loadParts(source, options);
  return new MedGemma(loaded, performance.now() - started);
}

/** The parts of a model without a chat around them; whoever loads them disposes both. Throws as `loadMedGemma`. */
export async function loadParts(source?: ModelSource, options: LoadOptions = {}): Promise<LoadedParts> {
  checkLoadArguments(source, options);
  const { signal } = options;
  const named = typeof source === "object" ? source : { model: source, mmproj: undefined };
  const paths = await resolveModel(named.model, {
    mmproj: options.mmproj === undefined ? named.mmproj : options.mmproj,
    signal,
    onNote: options.onNote,
    onProgress: ({ doneBytes, byteLength }) => options.onProgress?.(doneBytes / byteLength)
  });
  // First of all, so that the addon for the files is the one for the backend: two would load two copies of ggml.
  const runtime = await startLlama(options.gpu ?? "auto", options);
  const addon = loadAddon(runtime.libraries);
  const file = await readTextModelFile(paths.text);
  const vocabulary = new Vocabulary(file);
  const facts = paths.mmproj === null ? null : await addon.inspectProjector(paths.mmproj);
  if (facts !== null) checkPair(file, vocabulary, facts);
  const lora = (options.lora ?? []).map(({ path, scale = 1 }) => ({ path, scale }));
  let adapterBytes = 0;
  for (const { path } of lora) {
    const adapter = await readLoraAdapter(path);
    checkLoraFits(adapter, file);
    adapterBytes += adapter.file.byteLength;
  }
  if (signal?.aborted === true) throw abortedError(`Loading ${paths.id}`, signal);
  const parallel = options.parallel ?? 1;
  const catalog = await readCatalog();
  const plan = await planMemory(file, facts, {
    runtime,
    addon,
    parallel,
    contextSize: options.contextSize,
    images: options.images,
    maxTokens: options.maxTokens,
    adapterBytes,
    smaller: (budgetBytes) => adviseSmaller(catalog, shapeOf(file).hidden, budgetBytes)
  });
  const { contextSize, gpuLayers, towerOnGpu } = plan;

  const threadsFor = (byteLength: number) => options.threads ?? runtime.threadsFor(byteLength);
  const threads = { text: threadsFor(file.byteLength), vision: facts === null ? null : threadsFor(facts.byteLength) };
  ensureRoom(`Loading ${paths.id}`, {
    threads: threads.text + (threads.vision ?? 0) + threadsBeside,
    // Each file is mapped while its weights lie in memory once more, in an order of their own.
    bytes: 2 * (file.byteLength + (facts?.byteLength ?? 0)) + addressSpaceBeside
  });
  const loading = await Promise.allSettled([
    LanguageModel.load(file, {
      ...options,
      threads: threads.text,
      contextSize,
      gpuLayers,
      parallel,
      lora,
      runtime,
      addon,
      vocabulary,
      tokensPerImage: facts?.tokensPerImage ?? 0
    }),
    facts === null || threads.vision === null
      ? null
      : VisionModel.load(addon, facts.path, { gpu: towerOnGpu, cache: options.imageCache, threads: threads.vision })
  ]);
  const [language, vision] = loading;
  if (language.status === "rejected" || vision.status === "rejected") {
    if (language.status === "fulfilled") await language.value.dispose();
    if (vision.status === "fulfilled") await vision.value?.dispose();
    throw language.status === "rejected" ? language.reason : (vision as PromiseRejectedResult).reason;
  }
  const model = {
    id: paths.id,
    text: paths.text,
    mmproj: paths.mmproj,
    lora,
    gpu: runtime.gpu,
    gpuLayers,
    layers: plan.layers,
    visionGpu: facts === null ? null : towerOnGpu ? runtime.gpu : ("off" as const),
    contextSize,
    wantedContextSize: plan.wantedContextSize,
    isPretrained: isPretrained(file),
    warnings: paths.warnings,
    notes: paths.notes
  };
  const settings = {
    threads,
    contextSize: language.value.contextSize,
    parallel,
    promptLookup: options.promptLookup ?? false
  };
  return {
    model,
    parts: { language: language.value, vision: vision.value },
    runtime,
    provenance: () => describeProvenance(model, runtime, settings)
  };
}

/** A wrong pair gives fluent nonsense, or crashes other programs; here it is refused before any weight is read. */
function checkPair(file: ModelFile, { special }: Vocabulary, facts: ProjectorFacts): void {
  ensureWidthsFit({ path: file.path, width: file.info.architectureMetadata.embedding_length }, facts);
  if (special.imageMarks === null) {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${file.path} has no <start_of_image> or <end_of_image> in its vocabulary, so it cannot be shown images through ${facts.path}. ` +
        "Use it without a projector, or a model that takes images.",
      { remedy: { option: "mmproj" } }
    );
  }
}

function isPretrained({ path, info }: ModelFile): boolean {
  const { name, basename, finetune } = info.metadata.general as Readonly<Record<string, unknown>>;
  const otherNames = [basename, finetune].filter((text) => typeof text === "string");
  return lineageOf({ name: typeof name === "string" ? name : null, otherNames, path }).isPretrained;
}
