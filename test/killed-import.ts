/** `medgemma-local import` in a process that is killed in the middle. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { main } from "./cli/run-cli.js";

/** Kills the process without warning as soon as so many bytes of weights lie in the folder, finished or not. */
export async function importKilledAt(bytes: number, source: string, home: string): Promise<void> {
  const child = spawn(process.execPath, [main, "import", source], {
    stdio: "ignore",
    env: { ...process.env, MEDGEMMA_HOME: home }
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  while (child.exitCode === null && weightsIn(home) <= bytes) await new Promise((resolve) => setTimeout(resolve, 1));
  child.kill("SIGKILL");
  await ended;
}

function weightsIn(home: string): number {
  const names = existsSync(home) ? readdirSync(home, { recursive: true, encoding: "utf8" }) : [];
  return names
    .filter((name) => name.endsWith(".gguf"))
    .reduce((sum, name) => sum + (statSync(join(home, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
