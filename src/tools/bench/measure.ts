/**
 * How fast this machine runs a model, and how near that comes to what its cores and its memory could do. Every quantity is
 * the median of some rounds on inputs that no cache has seen.
 */
import { stat } from "node:fs/promises";
import { loadParts } from "../../loading/load.js";
import { MedGemma } from "../../chat/medgemma.js";
import type { LoadedModel, LoadOptions, ModelSource } from "../../chat/types.js";
import { describeMachine, type MachineFacts } from "../../language/host/describe-machine.js";
import { startLlama } from "../../language/llama.js";
import type { MachineLimits } from "../../native/addon.js";
import { loadAddon } from "../../native/load-addon.js";
import { measureRound, promptLength, type Round } from "./round.js";
import { sampleOf, type Sample } from "./sample.js";
import { towerFlops } from "./tower-flops.js";

export interface BenchOptions extends Pick<
  LoadOptions,
  "mmproj" | "lora" | "gpu" | "threads" | "contextSize" | "signal" | "onTrial"
> {
  /** Rounds, from 1. Default 3. */
  readonly repeat?: number | undefined;
  readonly onProgress?: ((progress: BenchProgress) => void) | undefined;
}

export interface BenchProgress {
  readonly stage: "load" | "encode" | "text" | "answer" | "machine";
  /** From 1 to `rounds`. */
  readonly round: number;
  readonly rounds: number;
  /** Of this step, 0 to 1; stays 0 for text and machine, which telling would slow down. */
  readonly done: number;
}

export interface BenchReport {
  readonly model: LoadedModel;
  readonly machine: MachineFacts;
  /** CPU threads of the image tower; without one, of the text model. */
  readonly threads: number;
  /** What the CPU can do with so many threads. */
  readonly limits: MachineLimits;
  /** Text model and projector, into memory. */
  readonly loadMs: Sample;
  /** One image through the tower; null without a projector. */
  readonly encodeMs: Sample | null;
  /** Length of the prompt that `promptTokensPerSecond` is measured with: 512, or half of a small context. */
  readonly promptTokens: number;
  readonly promptTokensPerSecond: Sample;
  /** The first token counts as part of the prompt. */
  readonly generationTokensPerSecond: Sample;
  /** From a question about an image to the first token of the answer; null without a projector. */
  readonly firstAnswerMs: Sample | null;
  /** Of this process, up to the end of the last round. */
  readonly peakMemoryBytes: number;
  /** Floating-point operations for one image; null without a projector. */
  readonly towerFlops: number | null;
  /** 10^9 floating-point operations a second in the tower, and their share (0 to 1) of `limits.gflops`; null on a GPU. */
  readonly towerGflops: number | null;
  readonly towerShare: number | null;
  /** 10^9 bytes of weights, adapters included, read a second to generate, and their share of `limits.readGbytes`; null on a GPU. */
  readonly generationGbytes: number | null;
  readonly generationShare: number | null;
}

/**
 * @param source As for `loadMedGemma`.
 * @throws MedGemmaError as `loadMedGemma`
 */
export async function measure(source?: ModelSource, options: BenchOptions = {}): Promise<BenchReport> {
  const { repeat: rounds = 3, onProgress, ...loadOptions } = options;
  const { signal, gpu = "auto" } = options;
  const tell = (stage: BenchProgress["stage"], round: number, done: number) =>
    onProgress?.({ stage, round, rounds, done });

  // First of all: the start of llama.cpp itself is not part of loading a model.
  const runtime = await startLlama(gpu, options);
  const addon = loadAddon(runtime.libraries);

  const load = async (round: number) => {
    tell("load", round, 0);
    const started = performance.now();
    const loaded = await loadParts(source, { ...loadOptions, onProgress: (done) => tell("load", round, done) });
    const loadMs = performance.now() - started;
    return { ...loaded, medgemma: new MedGemma(loaded, loadMs), loadMs };
  };
  let loaded = await load(1);
  const loadTimes = [loaded.loadMs];
  for (let round = 2; round <= rounds; round += 1) {
    await loaded.medgemma.dispose();
    loaded = await load(round);
    loadTimes.push(loaded.loadMs);
  }

  const { model, parts, medgemma } = loaded;
  const measured: Round[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const onStage = (stage: BenchProgress["stage"], done: number) => tell(stage, round, done);
      measured.push(await measureRound(medgemma, parts, { seed: round, signal, onProgress: onStage }));
    }
  } finally {
    await medgemma.dispose();
  }
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;

  // Last, when the model is gone: to find the limits takes memory of its own, 128 MiB a thread, and undisturbed cores.
  tell("machine", rounds, 0);
  const facts = parts.vision?.facts ?? null;
  const { size: textBytes } = await stat(model.text);
  const adapterSizes = await Promise.all(model.lora.map(async ({ path }) => (await stat(path)).size));
  const threads = options.threads ?? runtime.threadsFor(facts?.byteLength ?? textBytes);
  const limits = await addon.measureMachine(facts?.weightType ?? "F32", threads);

  const isCpu = model.gpu === "off";
  const encodeMs = facts === null ? null : sampleOf(measured.flatMap((round) => round.encodeMs ?? []));
  const flops = facts === null ? null : towerFlops(facts);
  const towerGflops = isCpu && flops !== null && encodeMs !== null ? flops / encodeMs.median / 1e6 : null;
  const generationTokensPerSecond = sampleOf(measured.map((round) => round.generationTokensPerSecond));
  const generationBytes = adapterSizes.reduce((sum, size) => sum + size, textBytes);
  const generationGbytes = isCpu ? (generationBytes * generationTokensPerSecond.median) / 1e9 : null;
  return {
    model,
    machine: await describeMachine(runtime),
    threads,
    limits,
    loadMs: sampleOf(loadTimes),
    encodeMs,
    promptTokens: promptLength(parts.language),
    promptTokensPerSecond: sampleOf(measured.map((round) => round.promptTokensPerSecond)),
    generationTokensPerSecond,
    firstAnswerMs: facts === null ? null : sampleOf(measured.flatMap((round) => round.firstAnswerMs ?? [])),
    peakMemoryBytes,
    towerFlops: flops,
    towerGflops,
    towerShare: towerGflops === null ? null : towerGflops / limits.gflops,
    generationGbytes,
    generationShare: generationGbytes === null ? null : generationGbytes / limits.readGbytes
  };
}
