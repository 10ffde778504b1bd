import { describe, expect, it } from "vitest";
import { cpuQuota, usableCores } from "../../src/native/usable-cores.js";
import { rootWith } from "../root-with.js";

describe("cpuQuota", () => {
  it.each([
    [
      "a container of version 2, at its own root",
      { "proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "150000 100000" },
      1.5
    ],
    [
      "a service of systemd, the group above it stricter",
      {
        "proc/self/cgroup": "0::/a.slice/b.service",
        "sys/fs/cgroup/a.slice/cpu.max": "100000 100000",
        "sys/fs/cgroup/a.slice/b.service/cpu.max": "400000 100000"
      },
      1
    ],
    ["version 2 without a limit", { "proc/self/cgroup": "0::/x", "sys/fs/cgroup/x/cpu.max": "max 100000" }, Infinity],
    [
      "both versions, mounted beside each other",
      { "proc/self/cgroup": "1:memory:/\n0::/x", "sys/fs/cgroup/unified/x/cpu.max": "50000 100000" },
      0.5
    ],
    [
      "version 1",
      {
        "proc/self/cgroup": "4:cpu,cpuacct:/docker/ab",
        "sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_quota_us": "300000",
        "sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_period_us": "100000"
      },
      3
    ],
    [
      "a container of version 1 that sees its own group at the root",
      {
        "proc/self/cgroup": "4:cpuacct,cpu:/docker/ab",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"
      },
      2
    ],
    [
      "version 1 without a limit",
      {
        "proc/self/cgroup": "1:cpu:/",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"
      },
      Infinity
    ],
    [
      "the limits of another controller",
      {
        "proc/self/cgroup": "1:cpuset:/",
        "sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "100000",
        "sys/fs/cgroup/cpuset/cpu.cfs_period_us": "100000"
      },
      Infinity
    ],
    ["another system", {}, Infinity]
  ])("%s", (_what, files: Readonly<Record<string, string | undefined>>, cores) => {
    expect(cpuQuota(rootWith(files as Readonly<Record<string, string>>))).toBe(cores);
  });
});

describe("usableCores", () => {
  it("is the least of cores, affinity and quota, in whole cores, and one at least", () => {
    expect(usableCores(8, { affinity: 16, quota: Infinity })).toBe(8);
    expect(usableCores(8, { affinity: 1, quota: Infinity })).toBe(1);
    expect(usableCores(8, { affinity: 16, quota: 2.5 })).toBe(2);
    expect(usableCores(8, { affinity: 16, quota: 0.5 })).toBe(1);
  });
});
