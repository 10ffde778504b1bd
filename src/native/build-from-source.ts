/** The last resort where no binary fits: builds the addon on this machine, if it has the tools, and says so first. */
import { spawnSync } from "node:child_process";
import { existsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import type { GpuBackend } from "./backend.js";
import { packageFolder } from "./candidates.js";
import { describePlatform } from "./platform.js";

export const buildScript = join(packageFolder, "scripts", "build-native.mjs");

/** Far above what a slow machine needs. */
const limitMs = 30 * 60_000;

const child = join(packageFolder, "dist", "native", "build-child.js");

/** @returns why there is nothing to load afterwards; null: it was built */
export function buildFromSource(backend: GpuBackend): string | null {
  const reason = whyNot(backend);
  if (reason !== null) return reason;
  say(
    `medgemma-local: no binary fits this machine (${describePlatform()}), so the native addon is being built from source. This takes minutes, once.`
  );
  return run(child, backend);
}

/** A person waits for a command line; an app with windows, or a thread of a server, must not stand still for minutes. */
function whyNot(backend: GpuBackend): string | null {
  if (process.env.MEDGEMMA_BUILD === "never") return "MEDGEMMA_BUILD=never forbids it";
  if (process.versions.electron !== undefined) return "not inside Electron";
  if (!isMainThread) return "not in a worker thread";
  if (!existsSync(buildScript)) return "the sources are not in this package";
  return run(buildScript, "--check", "--gpu", backend);
}

/** @returns the last line of what the program complained about, for the middle of a sentence; null: it is done */
function run(program: string, ...args: readonly string[]): string | null {
  const { status, signal, stderr, error } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: limitMs,
    maxBuffer: 1 << 26
  });
  if (status === 0) return null;
  const lastLine = (stderr.trim().split("\n").at(-1) ?? "").trim().replace(/\.$/, "");
  return error?.message ?? (signal === null ? lastLine || `exit code ${String(status)}` : `ended by ${signal}`);
}

/** At once: a warning of Node's would come when the build is done. */
function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // nobody listens
  }
}
