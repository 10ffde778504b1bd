/** Measured quantities in words, the same in the table and in the picture. */
import type { BenchReport } from "./measure.js";

export interface Unit {
  readonly name: string;
  /** How many of what was measured it is. */
  readonly size: number;
}

export const tokenRate: Unit = { name: "tokens/s", size: 1 };

/** For a duration of so many milliseconds. */
export function timeUnit(ms: number): Unit {
  return ms < 1000 ? { name: "ms", size: 1 } : { name: "s", size: 1000 };
}

/** 0.0163, 1.63, 163, 16300: three digits where there are decimals. */
export function threeDigits(value: number): string {
  return value < 100 ? value.toPrecision(3) : value.toFixed(0);
}

/** Where the model runs: the processor, and for the CPU the kernels of the image tower. */
export function describeBackend({ model, machine, threads, limits }: BenchReport): string {
  const { cpu, gpu } = machine;
  if (model.gpu !== "off") return `${gpu.devices.join(", ")} · ${model.gpu}`;
  const kernels = model.mmproj === null ? "" : ` · ${limits.kernels} kernels`;
  return `${cpu.model} · CPU, ${threads} ${threads === 1 ? "thread" : "threads"}${kernels}`;
}

export interface Share {
  readonly name: string;
  /** 0 to 1, more where the caches give what memory alone could not. */
  readonly part: number;
  readonly of: string;
}

/** How much of the CPU's limits the tower and the generation reach; null where that is not known. */
export function sharesOf({
  towerShare,
  generationShare,
  limits
}: BenchReport): Readonly<Record<"tower" | "generation", Share | null>> {
  return {
    tower:
      towerShare === null
        ? null
        : { name: "image tower, compute", part: towerShare, of: `${threeDigits(limits.gflops)} GFLOPS` },
    generation:
      generationShare === null
        ? null
        : { name: "generation, memory", part: generationShare, of: `${threeDigits(limits.readGbytes)} GB/s` }
  };
}

export function describeShare({ part, of }: Share): string {
  return `${(part * 100).toFixed(0)} % of ${of}`;
}
