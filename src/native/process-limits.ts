/**
 * What the system lets this process start and reserve. Native code ends the process where it gets no thread or no address space
 * (glib, ggml, V8), and a Node process that gets too few threads hangs at its start; so the room is looked at before. Linux; other
 * systems set no such limits by default.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { MedGemmaError } from "../errors.js";
import { controlGroups, readText } from "./control-groups.js";

/** How much more there may be, and what limits it, with its value. */
export interface Room {
  /** Infinity: nothing limits it. */
  readonly left: number;
  readonly limit: string;
}

const unlimited: Room = { left: Infinity, limit: "" };

/** Node's start, sharp and the addon map so much, and hundreds of thread stacks and arenas of the allocator do. */
const leastAddressSpace = 400e6;

/**
 * @param what What needs it, for the message: "Decoding pictures".
 * @param needs Threads that it starts at the same time; bytes of address space, 400 MB at least.
 * @throws MedGemmaError OUT_OF_MEMORY
 */
export function ensureRoom(
  what: string,
  { threads, bytes = leastAddressSpace }: { readonly threads: number; readonly bytes?: number },
  root = "/"
): void {
  const forThreads = threadRoom(root, threads);
  if (forThreads.left < threads) {
    throw new MedGemmaError(
      "OUT_OF_MEMORY",
      `${what} needs ${threads} more threads, but only ${Math.max(0, forThreads.left)} can be started: ${forThreads.limit}. Raise this limit (ulimit -u, docker run --pids-limit, TasksMax of systemd), or close other programs.`
    );
  }
  const forBytes = addressSpaceRoom(root);
  if (forBytes.left < bytes) {
    throw new MedGemmaError(
      "OUT_OF_MEMORY",
      `${what} needs ${megabytes(bytes)} more address space (virtual memory), but only ${megabytes(Math.max(0, forBytes.left))} can be had: ${forBytes.limit}. Raise this limit (ulimit -v), or set it on memory instead.`
    );
  }
}

/**
 * node-llama-cpp tries its binary in a Node process of its own: the main thread, one for its timers, one for signals, one of V8,
 * four of libuv. With fewer Node hangs before its first line.
 */
const threadsOfTest = 8;
/** Of its JavaScript and libraries. */
const addressSpaceOfLlama = 600e6;

/** Before node-llama-cpp is imported. @throws MedGemmaError OUT_OF_MEMORY */
export function ensureRoomForLlama(): void {
  ensureRoom("Starting llama.cpp", { threads: threadsOfTest, bytes: addressSpaceOfLlama });
}

/**
 * Threads that may still be started.
 *
 * @param enough Nobody counts beyond this.
 * @param user Root has no limit of its own.
 */
export function threadRoom(root = "/", enough = 1000, user = process.getuid?.() ?? 0): Room {
  const groups = controlGroups("pids", root).map(({ read }): Room => {
    const most = Number(read("pids.max") ?? Number.NaN);
    const current = Number(read("pids.current") ?? Number.NaN);
    return Number.isFinite(most) && Number.isFinite(current)
      ? { left: most - current, limit: `the control group allows ${most} processes and threads` }
      : unlimited;
  });
  return least([...groups, userRoom(root, enough, user)]);
}

/** Bytes that may still be mapped. */
export function addressSpaceRoom(root = "/"): Room {
  const most = limitOf("Max address space", root);
  const size =
    Number(/^VmSize:\s*(\d+) kB$/m.exec(readText(join(root, "proc/self/status")) ?? "")?.[1] ?? Number.NaN) * 1024;
  return Number.isFinite(most - size)
    ? { left: most - size, limit: `this process may have ${megabytes(most)}, and has ${megabytes(size)}` }
    : unlimited;
}

function userRoom(root: string, enough: number, user: number): Room {
  const most = limitOf("Max processes", root);
  if (user === 0 || most === Infinity) return unlimited;
  const limit = `the user may have ${most} processes and threads`;
  // "0.10 0.04 0.01 2/345 6789": 345 of all users.
  const all = Number(/\d+\/(\d+) \d+$/.exec(readText(join(root, "proc/loadavg")) ?? "")?.[1] ?? Number.NaN);
  return most - all >= enough ? { left: most - all, limit } : { left: most - threadsOf(user, root), limit };
}

/** Of all processes that can be seen. */
function threadsOf(user: number, root: string): number {
  const processes = names(join(root, "proc")).filter((name) => /^\d+$/.test(name));
  return processes.reduce((total, name) => {
    const status = readText(join(root, "proc", name, "status")) ?? "";
    const isOwn = /^Uid:\s*(\d+)/m.exec(status)?.[1] === String(user);
    return total + (isOwn ? Number(/^Threads:\s*(\d+)/m.exec(status)?.[1] ?? 0) : 0);
  }, 0);
}

/** The soft one, which counts; Infinity: unlimited, or another system. */
function limitOf(name: string, root: string): number {
  const limits = readText(join(root, "proc/self/limits")) ?? "";
  return Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(limits)?.[1] ?? Infinity);
}

function least(rooms: readonly Room[]): Room {
  return rooms.reduce((least, room) => (room.left < least.left ? room : least), unlimited);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
