/** The control groups that this process is in, on Linux: what limits a container, or a service of systemd. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface ControlGroup {
  readonly version: 1 | 2;
  /** Trimmed text of one of its files; null where it has none. */
  readonly read: (name: string) => string | null;
}

/**
 * Own groups and those above them, each of which limits. Some are named twice, others do not exist: a container often sees only
 * its own group, at the root.
 *
 * @param controller Of version 1: "cpu", "memory", "pids".
 * @param root Where `proc` and `sys` are.
 */
export function controlGroups(controller: string, root = "/"): ControlGroup[] {
  const groups = readText(join(root, "proc/self/cgroup")) ?? "";
  return [...groups.matchAll(/^\d+:([^:]*):(\/.*)$/gm)].flatMap(([, controllers = "", path = ""]) => {
    const version = controllers === "" ? 2 : 1;
    if (version === 1 && !controllers.split(",").includes(controller)) return [];
    const mounts = version === 2 ? ["", "unified"] : [...new Set([controllers, controller, "cpu,cpuacct"])];
    return mounts.flatMap((mount) =>
      upwards(path).map((folder): ControlGroup => ({
        version,
        read: (name) => readText(join(root, "sys/fs/cgroup", mount, folder, name))
      }))
    );
  });
}

/** "/a/b" → "/a/b", "/a", "/". */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, index) => `/${parts.slice(0, parts.length - index).join("/")}`);
}

/** @returns null where it cannot be read */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
