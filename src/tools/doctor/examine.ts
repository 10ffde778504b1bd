/**
 * Does this machine see correctly? A known film goes through every step that an image takes, on the backend that answers
 * would use, and each step is compared with what Pillow and transformers make of it, and with the CPU of this machine.
 * A wrong driver or kernel would otherwise answer fluently about pictures that it has not seen.
 */
import type { ModelParts } from "../../chat/encode-images.js";
import { loadParts } from "../../loading/load.js";
import { MedGemma } from "../../chat/medgemma.js";
import { promptOf } from "../../chat/transcript.js";
import type { LoadOptions, ModelSource } from "../../chat/types.js";
import { prepareImage } from "../../image/prepare.js";
import type { SquareImage } from "../../image/types.js";
import { describeMachine, type MachineFacts } from "../../language/host/describe-machine.js";
import type { StageValues } from "../../native/addon.js";
import type { GpuBackend } from "../../native/backend.js";
import { loadAddon, loadedAddonPath } from "../../native/load-addon.js";
import { forgetTrials, recallTrials } from "../../trial/memory.js";
import { isTrialProcess, type Trial } from "../../trial/trial.js";
import { VisionModel } from "../../vision/vision-model.js";
import { relativeError } from "./compare.js";
import { readKnownFilm, type KnownFilm } from "./known-film.js";

export interface Check {
  /** "pixels", "patch embedding" … "image tokens" (with " on the CPU" for the second pass of a GPU), "logits", "answer". */
  readonly name: string;
  readonly ok: boolean;
  /** Largest allowed error and the error found, relative; null where the comparison is exact. */
  readonly tolerance: number | null;
  readonly error: number | null;
}

export interface Examination {
  readonly seesCorrectly: boolean;
  /** One sentence: that the machine sees correctly, or the first step that is off. */
  readonly verdict: string;
  readonly machine: MachineFacts;
  /** The native addon that was loaded, and the backend of node-llama-cpp whose libraries it is linked to. */
  readonly addon: { readonly path: string; readonly libraries: GpuBackend };
  /** What is remembered of GPU backends. All were forgotten at first, so what was needed was tried again. */
  readonly trials: readonly Trial[];
  /** In the order of the steps. */
  readonly checks: readonly Check[];
}

/**
 * Weights and activations in F32 on the CPU differ from transformers by the order of the additions: 1e-6 measured. A GPU
 * may multiply in TF32 or F16 (1e-3); a wrong step is off by 0.1 and more.
 */
const tolerances = { cpu: 1e-4, gpu: 2e-2 };

/**
 * @param source Default: the demo model, for which the numbers are known. Another projector of the same shape is compared
 *   with the same numbers.
 * @throws MedGemmaError as `loadMedGemma`
 */
export async function examine(options: LoadOptions = {}, source: ModelSource = "demo"): Promise<Examination> {
  const known = await readKnownFilm();
  if (!isTrialProcess()) await forgetTrials();
  const loaded = await loadParts(source, options);
  const { model, parts, runtime } = loaded;
  const medgemma = new MedGemma(loaded, 0);
  try {
    const machine = await describeMachine(runtime);
    const checks: Check[] = [];
    for await (const check of run(known, medgemma, parts)) checks.push(check);
    const wrong = checks.find(({ ok }) => !ok);
    const where = model.gpu === "off" ? "on the CPU" : `with ${model.gpu} on ${machine.gpu.devices.join(", ")}`;
    return {
      seesCorrectly: wrong === undefined,
      verdict:
        wrong === undefined
          ? `This machine sees correctly (${where}).`
          : `This machine does NOT see correctly (${where}): the first wrong step is "${wrong.name}"${found(wrong)}.`,
      machine,
      addon: { path: loadedAddonPath(runtime.libraries) ?? "", libraries: runtime.libraries },
      trials: await recallTrials(),
      checks
    };
  } finally {
    await medgemma.dispose();
  }
}

function found({ error, tolerance }: Check): string {
  return error === null ? "" : `, relative error ${error.toPrecision(2)} where ${String(tolerance)} is allowed`;
}

async function* run(known: KnownFilm, medgemma: MedGemma, parts: ModelParts): AsyncGenerator<Check> {
  const { vision, language } = parts;
  const isGpu = medgemma.model.gpu !== "off";
  if (vision === null) return;
  const tolerance = isGpu ? tolerances.gpu : tolerances.cpu;
  const image = await prepareImage(known.film, { side: vision.facts.imageSize });
  yield { name: "pixels", ok: image.sha256 === known.pixels, tolerance: null, error: null };

  const stages = await vision.encodeStages(image);
  yield* compareStages(stages, known, tolerance, "");
  if (isGpu) {
    const onCpu = await encodeOnCpu(vision, image);
    yield* compareStages(onCpu, known, tolerances.cpu, " on the CPU");
    // The numbers that are known are samples; here every value of the GPU's tokens is looked at.
    const error = relativeError(
      stages.at(-1)?.values ?? new Float32Array(),
      onCpu.at(-1)?.values ?? new Float32Array()
    );
    yield { name: "GPU against CPU", ok: error <= tolerance, tolerance, error };
  }

  const transcript = { system: null, turns: [{ user: [{ image: known.film }, known.question], model: null }] };
  const { tokens } = await promptOf(parts, transcript, known.film);
  const logits = (await language.readLogits(tokens)).get(tokens.length - 1) ?? new Float32Array();
  const error = relativeError(logits, known.logits.values, known.logits.every);
  yield { name: "logits", ok: error <= tolerance, tolerance, error };

  const { text } = await (await medgemma.createChat()).ask(known.question, { images: [known.film] });
  yield { name: "answer", ok: text === known.answer, tolerance: null, error: null };
}

function* compareStages(
  stages: readonly StageValues[],
  known: KnownFilm,
  tolerance: number,
  where: string
): Generator<Check> {
  for (const [index, { name, values }] of known.stages.entries()) {
    const error = relativeError(stages[index]?.values ?? new Float32Array(), values, known.every);
    yield { name: name + where, ok: error <= tolerance, tolerance, error };
  }
}

async function encodeOnCpu({ facts }: VisionModel, image: SquareImage): Promise<StageValues[]> {
  const cpu = await VisionModel.load(loadAddon(), facts.path, { gpu: false, threads: 1 });
  try {
    return await cpu.encodeStages(image);
  } finally {
    await cpu.dispose();
  }
}
