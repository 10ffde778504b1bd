/** Runs an example through its own entry point, as a reader would. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Resolves with all of stdout and stderr as soon as they match. */
  says(pattern: RegExp): Promise<string>;
}

export function startExample(name: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, [folder + name, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  let look: () => void = () => undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    look();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    look();
  });
  return {
    child,
    ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr }))),
    says: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(stdout + stderr)) resolve(stdout + stderr);
        };
        child.once("close", () => reject(new Error(`It ended without ${String(pattern)}: ${stdout}${stderr}`)));
        look();
      })
  };
}
