import { spawnSync } from "node:child_process";
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  writeFileSync
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { addressSpaceRoom, ensureRoom, threadRoom } from "../../src/native/process-limits.js";
import { main } from "../cli/run-cli.js";
import { film } from "../demo-model.js";
import { rootWith } from "../root-with.js";

/** As Linux writes it: soft limit, hard limit, unit. */
const limits = (
  processes: string,
  addressSpace = "unlimited"
) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             ${processes.padEnd(21)}unlimited            processes
Max address space         ${addressSpace.padEnd(21)}unlimited            bytes`;
const status = (uid: number, threads: number) =>
  `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nVmSize:\t  1000000 kB\nThreads:\t${threads}`;

describe("threadRoom", () => {
  it.each([
    [
      "of a container of version 2",
      { "proc/self/cgroup": "0::/", "sys/fs/cgroup/pids.max": "20", "sys/fs/cgroup/pids.current": "12" },
      8
    ],
    [
      "of version 1, the group above it stricter",
      {
        "proc/self/cgroup": "8:pids:/a/b",
        "sys/fs/cgroup/pids/a/b/pids.max": "max",
        "sys/fs/cgroup/pids/a/b/pids.current": "3",
        "sys/fs/cgroup/pids/a/pids.max": "100",
        "sys/fs/cgroup/pids/a/pids.current": "98"
      },
      2
    ],
    [
      "without a limit",
      { "proc/self/cgroup": "0::/", "sys/fs/cgroup/pids.max": "max", "sys/fs/cgroup/pids.current": "12" },
      Infinity
    ],
    [
      "of a user: what others have does not count",
      {
        "proc/self/limits": limits("30"),
        "proc/loadavg": "0.1 0.1 0.1 1/200 999",
        "proc/7/status": status(1000, 11),
        "proc/8/status": status(1000, 2),
        "proc/9/status": status(0, 187)
      },
      17
    ],
    [
      "of a user who is far from the limit: nobody counts",
      {
        "proc/self/limits": limits("96551"),
        "proc/loadavg": "0.1 0.1 0.1 1/200 999",
        "proc/7/status": status(1000, 11)
      },
      96351
    ],
    [
      "of a user without a limit",
      { "proc/self/limits": limits("unlimited"), "proc/loadavg": "0.1 0.1 0.1 1/200 999" },
      Infinity
    ],
    ["on another system", {}, Infinity]
  ])("%s", (_what, files, left) => {
    expect(threadRoom(rootWith(files as Readonly<Record<string, string>>), 1000, 1000).left).toBe(left);
  });

  it("of root is not the user's", () => {
    expect(
      threadRoom(rootWith({ "proc/self/limits": limits("1"), "proc/loadavg": "0.1 0.1 0.1 1/200 999" }), 1000, 0).left
    ).toBe(Infinity);
  });
});

describe("addressSpaceRoom", () => {
  it("is the limit without what is mapped", () => {
    expect(
      addressSpaceRoom(rootWith({ "proc/self/limits": limits("1", "1500000000"), "proc/self/status": status(0, 1) }))
        .left
    ).toBe(1_500_000_000 - 1_000_000 * 1024);
    expect(addressSpaceRoom(rootWith({ "proc/self/limits": limits("1"), "proc/self/status": status(0, 1) })).left).toBe(
      Infinity
    );
    expect(addressSpaceRoom(rootWith({})).left).toBe(Infinity);
  });
});

describe("ensureRoom", () => {
  it("says what needs how much, what limits it, and which limit to raise", () => {
    const root = rootWith({
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/pids.max": "20",
      "sys/fs/cgroup/pids.current": "18",
      "proc/self/limits": limits("1", "1324000000"),
      "proc/self/status": status(0, 1)
    });
    expect(() => ensureRoom("Decoding pictures", { threads: 6 }, root)).toThrow(
      /^Decoding pictures needs 6 more threads, but only 2 can be started: the control group allows 20 processes and threads\. Raise this limit \(ulimit -u, .*--pids-limit/
    );
    expect(() => ensureRoom("Decoding pictures", { threads: 2 }, root)).toThrow(
      /^Decoding pictures needs 400 MB more address space .* only 300 MB can be had: this process may have 1324 MB, and has 1024 MB\. Raise this limit \(ulimit -v\)/
    );
    expect(() => ensureRoom("Decoding pictures", { threads: 2, bytes: 300e6 }, root)).not.toThrow();
  });
});

const library = pathToFileURL(fileURLToPath(new URL("../../dist/index.js", import.meta.url))).href;
const commands = {
  ask: [main, "ask", "Describe the image.", "-i", film, "-m", "demo"],
  preview: [main, "preview", film, "-o", "preview.png", "-m", "demo"],
  doctor: [main, "doctor"],
  "a program": [
    "--input-type=module",
    "-e",
    `const { loadMedGemma } = await import(${JSON.stringify(library)}); await loadMedGemma("demo").catch(({ code, message }) => { console.error(code + ": " + message); process.exitCode = 1; });`
  ]
};

/** A folder of their own; everybody may read the rest. */
const folder = mkdtempSync(join(tmpdir(), "medgemma-limits-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param prefix What limits the command, in a shell. */
function limited(prefix: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const quoted = [process.execPath, ...args].map((one) => `'${one.replaceAll("'", "'\\''")}'`).join(" ");
  const {
    status: code,
    stderr,
    signal
  } = spawnSync("bash", ["-c", `ulimit -c 0; ${prefix} ${quoted}`], {
    cwd: folder,
    encoding: "utf8",
    timeout: 50_000,
    killSignal: "SIGKILL",
    env: { ...process.env, MEDGEMMA_HOME: join(folder, "home"), HOME: folder, ...environment }
  });
  return { code, signal, stderr };
}

describe.skipIf(process.platform !== "linux")("a limit on address space", () => {
  it.each(Object.entries(commands))(
    "is an error of %s that names it: no picture is damaged, no file unreadable",
    (_name, args) => {
      expect(limited("ulimit -v 1000000;", args)).toEqual({
        code: 1,
        signal: null,
        stderr: expect.stringMatching(/^OUT_OF_MEMORY: .* more address space .*ulimit -v.*\n$/) as string
      });
    }
  );
});

/** Another user's limit cannot be set but by root, and that user must be able to read this folder. */
const stranger = 54_321;
const asStranger = `exec setpriv --reuid=${stranger} --regid=${stranger} --clear-groups`;
function strangerCanRun(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  chownSync(folder, stranger, stranger);
  return (
    spawnSync("bash", ["-c", `${asStranger} test -r '${main}' -a -r '${film}' -a -x '${process.execPath}'`]).status ===
    0
  );
}

describe.skipIf(!strangerCanRun())("a limit on processes", () => {
  it.each(Object.entries(commands))("of the user is an error of %s; nothing hangs", (_name, args) => {
    expect(limited(`ulimit -u 14; ${asStranger}`, args)).toEqual({
      code: 1,
      signal: null,
      stderr: expect.stringMatching(
        /^OUT_OF_MEMORY: .* more threads, but only \d+ can be started: the user may have 14 .*\n$/
      ) as string
    });
  });
});

const group = "/sys/fs/cgroup/pids";
function canMakeGroups(): boolean {
  try {
    accessSync(group, constants.W_OK);
    mkdirSync(join(group, `medgemma-test-${process.pid}`));
    return existsSync(join(group, `medgemma-test-${process.pid}`, "pids.max"));
  } catch {
    return false;
  }
}

describe.skipIf(!canMakeGroups())("a limit of the control group", () => {
  const own = join(group, `medgemma-test-${process.pid}`);
  afterAll(() => rmdirSync(own));

  it.each(Object.entries(commands))("of 14 is an error of %s, which runs with 32", (_name, args) => {
    const prefix = `echo $$ > ${own}/cgroup.procs; exec`;
    writeFileSync(join(own, "pids.max"), "14");
    expect(limited(prefix, args)).toEqual({
      code: 1,
      signal: null,
      stderr: expect.stringMatching(
        /^OUT_OF_MEMORY: .* more threads, but only \d+ can be started: the control group allows 14 .*\n$/
      ) as string
    });
    writeFileSync(join(own, "pids.max"), "32");
    expect(limited(prefix, args)).toMatchObject({ code: 0, signal: null });
  });
});
