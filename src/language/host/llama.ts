/** Starts node-llama-cpp on the backend asked for. One instance per backend and process, shared by all models. */
import { setTimeout } from "node:timers/promises";
import { getLlama, getLlamaGpuTypes, LlamaLogLevel, NoBinaryFoundError, type Llama } from "node-llama-cpp";
import { abortedError, MedGemmaError } from "../../errors.js";
import type { GpuBackend } from "../../native/backend.js";
import { describePlatform, howToInstall } from "../../native/platform.js";
import { ensureRoomForLlama, threadRoom } from "../../native/process-limits.js";
import { usableCores } from "../../native/usable-cores.js";
import { tryBackend, type TrialOptions } from "../../trial/try-backend.js";
import { missedGpuRemedies, type MissedGpu } from "../../native/missed-gpu.js";

/**
 * Below this size weights are read faster than two threads can meet at ggml's barriers: with a 7 MB model,
 * node-llama-cpp made 1124 tokens a second with one thread and 1 to 50 with two (docs/internals/architecture.md).
 */
const singleThreadBytes = 100e6;

/** A signal that was sent has arrived by then. */
const signalDelayMs = 100;

export interface LlamaRuntime {
  readonly llama: Llama;
  /** Where the layers are computed. */
  readonly gpu: GpuBackend;
  /** Whose libraries are loaded; the addon must be that of the same ones. */
  readonly libraries: GpuBackend;
  /** With "auto": the best GPU backend whose drivers are on this machine, but which is not used. */
  readonly missedGpu: MissedGpu | null;
  /** Cores that this process may keep busy; more threads than that are slower. */
  readonly cores: number;
  /** CPU threads for weights of so many bytes. */
  threadsFor(byteLength: number): number;
}

export interface DeviceMemory {
  /** Bytes free on the GPU that may be used; null on the CPU. */
  readonly vramFree: number | null;
  /** The GPU's memory is part of the CPU's. */
  readonly isUnified: boolean;
  /** Bytes of the computer's memory; null where Node knows better. */
  readonly ramFree: number | null;
}

/** node-llama-cpp's padding stays free: what a driver needs beside the buffers that are counted. */
export async function readDeviceMemory({ llama, gpu }: LlamaRuntime): Promise<DeviceMemory> {
  const vram = gpu === "off" ? null : await llama.getVramState();
  // macOS keeps next to nothing free, and gives up the rest when it is asked to; what is wired it cannot give up.
  const ram = process.platform === "darwin" ? await llama.getRamState() : null;
  return {
    vramFree: vram === null ? null : Math.max(0, vram.free - llama.vramPaddingSize),
    isUnified: vram !== null && vram.unifiedSize > 0,
    ramFree: ram === null ? null : ram.total - ram.wired
  };
}

// Shared, and kept until the process ends: ggml's backends cannot be started twice without leaking on some GPU drivers.
const runtimes = new Map<GpuBackend | "auto", Promise<LlamaRuntime>>();

/**
 * A GPU backend is tried in a process of its own before it is loaded into this one (src/trial). "auto" takes the first that is
 * good, in node-llama-cpp's order, else the CPU.
 *
 * @throws MedGemmaError GPU_UNAVAILABLE, ADDON_MISSING, OUT_OF_MEMORY, ABORTED
 */
export async function startLlama(gpu: GpuBackend | "auto", options: TrialOptions = {}): Promise<LlamaRuntime> {
  const { signal } = options;
  for (;;) {
    const begun = runtimes.get(gpu);
    const runtime = begun ?? begin(gpu, options);
    try {
      return await unlessAborted(runtime, signal);
    } catch (error) {
      if (signal !== undefined && error instanceof MedGemmaError && error.code === "ADDON_MISSING") {
        // Ctrl-C ends node-llama-cpp's test process too, and the news of that may come first.
        await setTimeout(signalDelayMs);
        if (signal.aborted) throw abortedError("Starting llama.cpp", signal);
      }
      // Whoever had begun it gave up, and this caller has not.
      const isForeign =
        begun !== undefined && error instanceof MedGemmaError && error.code === "ABORTED" && signal?.aborted !== true;
      if (!isForeign) throw error;
    }
  }
}

function begin(gpu: GpuBackend | "auto", options: TrialOptions): Promise<LlamaRuntime> {
  const runtime = start(gpu, options);
  runtimes.set(gpu, runtime);
  runtime.catch(() => runtimes.delete(gpu));
  return runtime;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(abortedError("Starting llama.cpp", signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

/** For Apple Silicon node-llama-cpp has one binary, with Metal; "off" then leaves all layers on the CPU. */
const hasMetalOnly = process.platform === "darwin" && process.arch === "arm64";

async function start(gpu: GpuBackend | "auto", options: TrialOptions): Promise<LlamaRuntime> {
  if (gpu === "off") return await startOn("off", null);
  if (gpu !== "auto") {
    const { outcome, reason } = await tryBackend(gpu, options);
    if (outcome === "absent") throw gpuUnavailable(gpu, reason);
    if (outcome !== "good") throw gpuMissed({ backend: gpu, outcome, reason: reason ?? "" });
    return await startOn(gpu, null);
  }
  let missed: MissedGpu | null = null;
  for (const backend of await getLlamaGpuTypes("supported")) {
    if (backend === false) continue;
    const { outcome, reason } = await tryBackend(backend, options);
    if (outcome === "good") return await startOn(backend, missed);
    if (outcome !== "absent") missed ??= { backend, outcome, reason: reason ?? "" };
  }
  return await startOn("off", missed);
}

async function startOn(gpu: GpuBackend, missedGpu: MissedGpu | null): Promise<LlamaRuntime> {
  ensureRoomForLlama();
  try {
    using _arguments = argumentsOfTest();
    const llama = await getLlama({
      gpu: gpu !== "off" ? gpu : hasMetalOnly ? "metal" : false,
      // Nothing is compiled or downloaded behind the user's back.
      build: "never",
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.error,
      // What it complains of when models are loaded, the addon collects.
      logger: () => undefined
    });
    const libraries = llama.gpu === false ? "off" : llama.gpu;
    // A Vulkan library alone is enough for node-llama-cpp, with no device behind it; and asked for a GPU that the platform
    // does not know, it takes the CPU and says nothing.
    const found = libraries !== "off" && (await llama.getGpuDeviceNames()).length > 0 ? libraries : "off";
    if (gpu !== "off" && found !== gpu) throw gpuUnavailable(gpu);
    const cores = usableCores(llama.cpuMathCores);
    return {
      llama,
      cores,
      gpu: gpu === "off" ? "off" : found,
      libraries,
      missedGpu,
      threadsFor: (byteLength) => (byteLength < singleThreadBytes ? 1 : cores)
    };
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    if (error instanceof NoBinaryFoundError && gpu !== "off") throw gpuNotLoaded(gpu, error);
    throw new MedGemmaError(
      "ADDON_MISSING",
      `node-llama-cpp has no working binary for ${describePlatform()}. ${howToInstall()}`,
      { cause: error }
    );
  }
}

/**
 * node-llama-cpp tries its binary in a process of its own, which gets the options of this one. `--input-type`, as in
 * `node --input-type=module -e …`, is refused for a process that runs a file. Where threads are limited, V8 does with one.
 */
function argumentsOfTest(): Disposable {
  const given = process.execArgv;
  process.execArgv = given.filter((option) => !option.startsWith("--input-type"));
  if (threadRoom().left < Infinity) process.execArgv.push("--v8-pool-size=1");
  return {
    [Symbol.dispose]: () => {
      process.execArgv = given;
    }
  };
}

function gpuUnavailable(gpu: GpuBackend, reason: string | null = null): MedGemmaError {
  return new MedGemmaError(
    "GPU_UNAVAILABLE",
    `${reason ?? `The ${gpu} backend found no GPU on this machine`}. Set gpu to "auto" or "off".`,
    { remedy: { option: "gpu" } }
  );
}

function gpuNotLoaded(gpu: GpuBackend, cause: unknown): MedGemmaError {
  return new MedGemmaError(
    "GPU_UNAVAILABLE",
    `node-llama-cpp cannot load its ${gpu} backend: a driver is missing, broken or too old. Set gpu to "auto" or "off".`,
    { cause, remedy: { option: "gpu" } }
  );
}

function gpuMissed({ backend, outcome, reason }: MissedGpu): MedGemmaError {
  const what = outcome === "failed" ? "failed its trial on this machine" : "cannot be used";
  return new MedGemmaError(
    "GPU_UNAVAILABLE",
    `The ${backend} backend ${what}: ${reason}. ${missedGpuRemedies[outcome]}, or set gpu to "auto" or "off".`,
    { remedy: { option: "gpu", command: outcome === "failed" ? "doctor" : undefined } }
  );
}
