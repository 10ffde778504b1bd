/** Loads the model that the options name, and tells a person what happens meanwhile. */
import { loadQuietly } from "../../loading/load-lazily.js"; // node-llama-cpp takes half a second to import, which wrong options need not wait for
import type { MedGemma } from "../../chat/medgemma.js";
import { computeOptions, type ComputeOptions } from "../../loading/load-options.js";
import type { LoadedModel, LoadOptions } from "../../chat/types.js";
import type { GpuBackend } from "../../native/backend.js";
import { usableCores } from "../../native/usable-cores.js";
import { missedGpuRemedies, type MissedGpu } from "../../native/missed-gpu.js";
import { valuesOf } from "../options/flags.js";
import type { ModelArguments } from "../options/options.js";
import { printNote, writeNote } from "../terminal/output.js";
import { showTrial, type StatusLine } from "../terminal/status-line.js";

export async function openModel(
  args: ModelArguments,
  options: {
    readonly signal: AbortSignal;
    readonly status: StatusLine;
    readonly images?: number | undefined;
    readonly maxTokens?: number | undefined;
    readonly unlessGiven?: LoadOptions | undefined;
  }
): Promise<MedGemma> {
  const { signal, status, images, maxTokens, unlessGiven = {} } = options;
  const given = Object.entries(valuesOf(computeOptions, args)).filter(([, value]) => value !== undefined);
  const compute = { ...unlessGiven, ...(Object.fromEntries(given) as ComputeOptions) };
  status.show("loading the model");
  try {
    const medgemma = await loadQuietly(args.model, {
      mmproj: args.mmproj,
      ...compute,
      lora: args.lora ?? compute.lora,
      images,
      maxTokens,
      imageCache: { folder: args["image-cache"] },
      signal,
      onTrial: showTrial(status),
      onProgress: (loaded) => status.show(`loading the model · ${Math.floor(loaded * 100)} %`),
      onNote: (note) => {
        status.clear();
        writeNote(note, process.stderr); // gigabytes on the disk are worth a line, terminal or not
      }
    });
    status.clear();
    tellModel(medgemma);
    for (const warning of threadWarnings(compute.threads)) writeNote(warning, process.stderr);
    return medgemma;
  } finally {
    status.clear();
  }
}

/** What the user should know of a model that was loaded. */
export function tellModel({ model, missedGpu }: Pick<MedGemma, "model" | "missedGpu">): void {
  tellWarnings(model.warnings);
  for (const note of model.notes) printNote(note);
  if (missedGpu !== null) writeNote(missedGpuWarning(missedGpu, model.gpu), process.stderr);
  for (const warning of memoryWarnings(model)) writeNote(warning, process.stderr);
}

/** Loud, on a terminal or not: nobody should wait many times longer than the machine needs and not know why. */
export function missedGpuWarning(missed: MissedGpu, used: GpuBackend): string {
  const what =
    missed.outcome === "failed"
      ? "failed its trial on this machine"
      : "has a driver on this machine, but cannot be used";
  return (
    `Warning: ${missed.backend} ${what}: ${missed.reason.replace(/\.$/, "")}. ` +
    `${used === "off" ? "The CPU" : used} is used instead and may be many times slower. ${missedGpuRemedies[missed.outcome]}${missed.outcome === "failed" ? " with medgemma-local doctor" : ""}; --gpu off stops this warning.`
  );
}

/** What became slower or smaller because memory was short. As loud, and in the order of what it costs. */
export function memoryWarnings({ gpu, gpuLayers, visionGpu, contextSize, wantedContextSize }: LoadedModel): string[] {
  const remedy = "Close other programs that use it, or use a smaller quantisation.";
  const warnings = [];
  if (gpu !== "off" && gpuLayers === 0) {
    warnings.push(
      `Warning: no layer of this model fits in the GPU's free memory. The CPU is used instead and may be many times slower. ${remedy}`
    );
  } else if (gpu !== "off" && visionGpu === "off") {
    warnings.push(
      `Warning: the projector does not fit in the GPU's free memory next to the text model. The CPU encodes images instead and may be many times slower. ${remedy}`
    );
  }
  if (contextSize < wantedContextSize) {
    warnings.push(
      `Warning: there is memory for a context of ${contextSize} tokens, not ${wantedContextSize}. ${remedy}`
    );
  }
  return warnings;
}

/** More threads than cores wait for each other: a tenth of the speed, and less. */
export function threadWarnings(threads: number | undefined): string[] {
  const cores = usableCores(Infinity);
  if (threads === undefined || threads <= cores) return [];
  return [
    `Warning: ${threads} threads share ${cores} ${cores === 1 ? "processor" : "processors"}, which is many times slower than ${cores}. Use --threads ${cores}, or omit the option.`
  ];
}

const told = new Set<string>();

/** Loud, on a terminal or not. Of two steps of a command only the first says it. */
export function tellWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) if (!told.has(warning)) writeNote(`Warning: ${warning}`, process.stderr);
  for (const warning of warnings) told.add(warning);
}
