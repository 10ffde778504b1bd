/** What this machine is and which programs compute on it, for people and bug reports. */
import { cpus, freemem, release, totalmem } from "node:os";
import { getModuleVersion } from "node-llama-cpp";
import type { GpuBackend } from "../../native/backend.js";
import { packageVersion } from "../../shared/package-version.js";
import type { LlamaRuntime } from "./llama.js";
import type { MissedGpu } from "../../native/missed-gpu.js";

export interface MachineFacts {
  readonly versions: {
    readonly medgemmaLocal: string;
    readonly nodeLlamaCpp: string;
    readonly llamaCpp: string;
    readonly node: string;
    /** Platform, architecture and release of the system. */
    readonly system: string;
  };
  readonly cpu: {
    readonly model: string;
    /** Cores that this process may compute on: hyper-threads do not count, and a container may allow fewer. */
    readonly cores: number;
    /** Instruction sets and libraries that llama.cpp found: AVX2, AVX512, NEON, … */
    readonly features: readonly string[];
  };
  readonly gpu: {
    readonly backend: GpuBackend;
    readonly devices: readonly string[];
    /** A backend whose drivers are present but which failed its trial. */
    readonly missed: MissedGpu | null;
    /** null without a GPU. */
    readonly totalBytes: number | null;
    readonly freeBytes: number | null;
  };
  /** Of the machine, or of the container where one limits it. */
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
}

export async function describeMachine({ llama, cores, gpu, missedGpu }: LlamaRuntime): Promise<MachineFacts> {
  const hasGpu = gpu !== "off";
  const vram = hasGpu ? await llama.getVramState() : { total: null, free: null };
  return {
    versions: {
      medgemmaLocal: packageVersion(),
      nodeLlamaCpp: await getModuleVersion(),
      llamaCpp: llama.llamaCppRelease.release,
      node: process.versions.node,
      system: `${process.platform}-${process.arch} ${release()}`
    },
    cpu: {
      model: cpus()[0]?.model.trim() ?? "unknown",
      cores,
      // "CPU : SSE3 = 1 | AVX = 1 | … | REPACK = 1"
      features: [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, name = ""]) => name)
    },
    gpu: {
      backend: gpu,
      devices: hasGpu ? await llama.getGpuDeviceNames() : [],
      missed: missedGpu,
      totalBytes: vram.total,
      freeBytes: vram.free
    },
    memory: memoryHere()
  };
}

function memoryHere(): MachineFacts["memory"] {
  const limit = process.constrainedMemory();
  const isLimited = limit > 0 && limit < totalmem();
  return isLimited
    ? { totalBytes: limit, freeBytes: Math.min(freemem(), process.availableMemory()) }
    : { totalBytes: totalmem(), freeBytes: freemem() };
}
