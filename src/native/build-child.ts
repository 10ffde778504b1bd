/** A process of its own that builds the addon for the backend in its argument; of several at once, one builds and the others wait. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { acquireLock } from "../shared/file-lock.js";
import type { GpuBackend } from "./backend.js";
import { buildScript } from "./build-from-source.js";
import { localBuild } from "./candidates.js";

const backend = process.argv[2] as GpuBackend;
const { path } = localBuild(backend);
const wasThere = existsSync(path);
try {
  await mkdir(dirname(path), { recursive: true });
  const lock = await acquireLock(`${dirname(path)}/build.lock`);
  try {
    // Whoever held the lock may have built it in the meantime.
    if (wasThere || !existsSync(path)) {
      process.exitCode =
        spawnSync(process.execPath, [buildScript, "--gpu", backend], { stdio: ["ignore", "ignore", "inherit"] })
          .status ?? 1;
    }
  } finally {
    await lock[Symbol.asyncDispose]();
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
