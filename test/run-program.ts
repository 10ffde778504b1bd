/** Runs a program in a process of its own, to see how the process ends. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { film } from "./demo-model.js";

const library = pathToFileURL(fileURLToPath(new URL("../dist/index.js", import.meta.url))).href;

export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const cleanExit = { code: 0, signal: null, stderr: "" };

/** Enough of them to be still in work when the process ends. */
export const busyPictures = `
  const pictures = Array.from({ length: 40 }, (_, shade) => ({ source: "gray", width: 8, height: 8, rgb: new Uint8Array(192).fill(shade) }));
`;

/** What every program finds at hand: the library, and a film. */
const prelude = `import { loadMedGemma } from ${JSON.stringify(library)};
  const film = ${JSON.stringify(film)};`;

/** An expression that starts `code` as a worker thread, with the same at hand and `parentPort`. */
export function newWorker(code: string, options = "{}"): string {
  const whole = `import { parentPort, workerData } from "node:worker_threads";\n${prelude}\n${code}`;
  return `new Worker(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(whole)}`)}), ${options})`;
}

export function runProgram(
  body: string,
  { limitMs = 30_000, env = {} }: { readonly limitMs?: number; readonly env?: NodeJS.ProcessEnv } = {}
): Promise<ProgramResult> {
  const folder = mkdtempSync(join(tmpdir(), "medgemma-program-"));
  const path = join(folder, "program.mjs");
  writeFileSync(path, `${prelude}\n${body}`);
  const child = spawn(process.execPath, ["--expose-gc", path], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL"
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) =>
    child.on("close", (code, signal) => {
      rmSync(folder, { recursive: true });
      resolve({ code, signal, stdout, stderr });
    })
  );
}
