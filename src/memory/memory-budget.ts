/** How much memory this process may use: what the machine has free, what a container allows, what the user allows. */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { MedGemmaError } from "../errors.js";
import { readDeviceMemory, type LlamaRuntime } from "../language/llama.js";
import type { MemoryBudget } from "./choose-memory.js";

/** Node's memory goes up and down by so much before it collects; the same model must not fit now and not fit then. */
const garbageBytes = 32e6;

/**
 * @param processBytes What the estimate counts for the program itself; so much of what is resident now is in the estimate.
 * @throws MedGemmaError INVALID_ARGUMENT for a MEDGEMMA_MEMORY_LIMIT that is no number of bytes
 */
export async function readMemoryBudget(runtime: LlamaRuntime, processBytes: number): Promise<MemoryBudget> {
  const { vramFree, isUnified, ramFree } = await readDeviceMemory(runtime);
  const resident = process.memoryUsage.rss();
  // Models that are loaded already, for example.
  const elsewhere = Math.max(0, resident - processBytes - garbageBytes);
  const allowed = Math.max(0, (memoryLimit() ?? Infinity) - elsewhere);
  const ram = Math.min((ramFree ?? availableMemory()) + Math.min(resident, processBytes), allowed);
  return { ram, vram: vramFree, isUnified };
}

/** `MEDGEMMA_MEMORY_LIMIT`: bytes that the whole process may use; null when it is not set. */
function memoryLimit({ MEDGEMMA_MEMORY_LIMIT: limit } = process.env): number | null {
  if (limit === undefined || limit === "") return null;
  if (/^\d+$/.test(limit) && Number.isSafeInteger(Number(limit))) return Number(limit);
  throw new MedGemmaError(
    "INVALID_ARGUMENT",
    `MEDGEMMA_MEMORY_LIMIT must be a whole number of bytes, but is ${limit}. Set it to 8000000000 for 8 GB, or unset it.`
  );
}

/**
 * Free memory of the machine, or of the container where one limits it. A container counts the files that it has read as
 * used, a model that was just copied into it first of all; the system takes their pages back when they are needed.
 */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  const available = process.availableMemory();
  if (limit === 0 || limit >= totalmem()) return available;
  return Math.min(freemem(), available + cachedFileBytes());
}

/** Linux: of this process's control group, version 2. */
function cachedFileBytes(): number {
  try {
    const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
    const statistics = readFileSync(`/sys/fs/cgroup${path}/memory.stat`, "utf8");
    return [...statistics.matchAll(/^(?:in)?active_file (\d+)$/gm)].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0
    );
  } catch {
    return 0; // another system
  }
}
