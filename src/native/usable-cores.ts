/**
 * How many cores this process may keep busy. More threads than that wait for each other: ggml's threads meet at every node of the
 * graph, and one that has no core, or whose share of processor time is used up, holds back all.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/**
 * The least of: the machine's cores, the processors that this process may run on (`taskset`, `--cpuset-cpus`), and the
 * processor time of its control groups (`docker run --cpus`, limits of Kubernetes, `CPUQuota`).
 *
 * @param cores Physical cores of the machine.
 * @returns from 1
 */
export function usableCores(cores: number, { affinity = availableParallelism(), quota = cpuQuota() }: { readonly affinity?: number; readonly quota?: number } = {}): number {
  return Math.max(1, Math.floor(Math.min(cores, affinity, quota)));
}

/**
 * Processor time that the control groups of this process allow, in cores; Infinity where nothing limits it. Linux, versions 1 and
 * 2; the strictest of all groups that the process's own is in.
 *
 * @param root Where `proc` and `sys` are.
 */
export function cpuQuota(root = "/"): number {
  const groups = read(join(root, "proc/self/cgroup")) ?? "";
  let least = Infinity;
  for (const [, controllers = "", path = ""] of groups.matchAll(/^\d+:([^:]*):(\/.*)$/gm)) {
    const isVersion2 = controllers === "";
    if (!isVersion2 && !controllers.split(",").includes("cpu")) continue;
    for (const mount of isVersion2 ? ["", "unified"] : [controllers, "cpu", "cpu,cpuacct"]) {
      for (const folder of upwards(path)) least = Math.min(least, (isVersion2 ? quotaOf2 : quotaOf1)(join(root, "sys/fs/cgroup", mount, folder)));
    }
  }
  return least;
}

/** "200000 100000": microseconds of time in each period; "max 100000": no limit. */
function quotaOf2(group: string): number {
  const [, time, period] = /^(\d+) (\d+)/.exec(read(join(group, "cpu.max")) ?? "") ?? [];
  return ratio(time, period);
}

/** -1: no limit. */
function quotaOf1(group: string): number {
  return ratio(read(join(group, "cpu.cfs_quota_us")), read(join(group, "cpu.cfs_period_us")));
}

function ratio(time: string | null | undefined, period: string | null | undefined): number {
  const cores = Number(time ?? Number.NaN) / Number(period ?? Number.NaN);
  return cores > 0 ? cores : Infinity;
}

/** "/a/b" → "/a/b", "/a", "/". A container often sees only its own group, at the root. */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, index) => `/${parts.slice(0, parts.length - index).join("/")}`);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
