/**
 * How many cores this process may keep busy. More threads than that wait for each other: ggml's threads meet at every node of the
 * graph, and one that has no core, or whose share of processor time is used up, holds back all.
 */
import { availableParallelism } from "node:os";
import { controlGroups, type ControlGroup } from "./control-groups.js";

/**
 * The least of: the machine's cores, the processors that this process may run on (`taskset`, `--cpuset-cpus`), and the
 * processor time of its control groups (`docker run --cpus`, limits of Kubernetes, `CPUQuota`).
 *
 * @param cores Physical cores of the machine.
 * @returns from 1
 */
export function usableCores(
  cores: number,
  {
    affinity = availableParallelism(),
    quota = cpuQuota()
  }: { readonly affinity?: number; readonly quota?: number } = {}
): number {
  return Math.max(1, Math.floor(Math.min(cores, affinity, quota)));
}

/**
 * Processor time that the control groups of this process allow, in cores; Infinity where nothing limits it. Linux, versions 1 and
 * 2; the strictest of all groups that the process's own is in.
 *
 * @param root Where `proc` and `sys` are.
 */
export function cpuQuota(root = "/"): number {
  return Math.min(
    Infinity,
    ...controlGroups("cpu", root).map(({ version, read }) => (version === 2 ? quotaOf2(read) : quotaOf1(read)))
  );
}

/** "200000 100000": microseconds of time in each period; "max 100000": no limit. */
function quotaOf2(read: ControlGroup["read"]): number {
  const [, time, period] = /^(\d+) (\d+)/.exec(read("cpu.max") ?? "") ?? [];
  return ratio(time, period);
}

/** -1: no limit. */
function quotaOf1(read: ControlGroup["read"]): number {
  return ratio(read("cpu.cfs_quota_us"), read("cpu.cfs_period_us"));
}

function ratio(time: string | null | undefined, period: string | null | undefined): number {
  const cores = Number(time ?? Number.NaN) / Number(period ?? Number.NaN);
  return cores > 0 ? cores : Infinity;
}
