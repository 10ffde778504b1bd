/** Runs the built command as a user's shell would, in a home folder of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { noOtherStores } from "../no-other-stores.js";

export const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** A folder that is gone when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "medgemma-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

export interface CliOptions {
  readonly input?: string | Buffer;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with the running process, for signals and closed pipes. */
  readonly meddle?: (child: ChildProcessWithoutNullStreams) => void;
}

const home = temporaryFolder();

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...noOtherStores(home), MEDGEMMA_HOME: home, FORCE_COLOR: undefined, ...options.env }
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => undefined); // a command that fails early does not read it
  child.stdin.end(options.input ?? "");
  options.meddle?.(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      // As a shell counts: whoever dies of a signal ends with 128 and its number.
      const code = signal === null ? exitCode : 128 + constants.signals[signal];
      const stdoutBytes = Buffer.concat(out);
      const stderr = Buffer.concat(err).toString("utf8");
      resolve({ code, stdout: stdoutBytes.toString("utf8"), stderr, stdoutBytes });
    });
  });
}
