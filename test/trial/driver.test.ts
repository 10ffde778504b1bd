/** Backends that fail, each for real: node-llama-cpp loads a Vulkan that we compile. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { runCli, temporaryFolder, type CliResult } from "../cli/run-cli.js";
import { copyPackage } from "../copy-package.js";
import { film } from "../demo-model.js";
import { newWorker, runProgram } from "../run-program.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = temporaryFolder();
const require = createRequire(import.meta.url);

interface Remembered {
  readonly backend: string;
  readonly outcome: string;
  readonly reason: string | null;
}

/** Where node-llama-cpp has Vulkan, and a library can be compiled that takes the place of Vulkan's loader. */
function canRun(): boolean {
  if (process.platform !== "linux" || process.arch !== "x64") return false;
  const hasPackage = existsSync(
    join(require.resolve("node-llama-cpp"), "..", "..", "..", "@node-llama-cpp", "linux-x64-vulkan")
  );
  return hasPackage && spawnSync("cc", ["--version"]).status === 0;
}

/**
 * All that node-llama-cpp's Vulkan needs to start and find no device. node-llama-cpp itself asks in a process of its own
 * whether its library can be loaded; ours get past that, and do `body` in a trial alone.
 */
const source = (body: string, result: number) => `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
typedef void (*function)(void);
static int in_trial(void) {
  char line[4096];
  int file = open("/proc/self/cmdline", O_RDONLY);
  ssize_t length = read(file, line, sizeof line);
  close(file);
  return length > 0 && memmem(line, (size_t)length, "trial-child", 11) != NULL;
}
int vkEnumerateInstanceVersion(uint32_t *version) { *version = 1u << 22 | 3u << 12; return 0; }
int vkCreateInstance(const void *info, const void *allocator, void **instance) {
  static int it;
  *instance = &it;
  if (in_trial()) { ${body} }
  return ${result};
}
int vkEnumeratePhysicalDevices(void *instance, uint32_t *count, void *devices) { *count = 0; return 0; }
static int none(const void *layer, uint32_t *count, void *properties) { *count = 0; return 0; }
static int no_layers(uint32_t *count, void *properties) { *count = 0; return 0; }
static void destroy(void *instance, const void *allocator) {}
function vkGetInstanceProcAddr(void *instance, const char *name) {
  if (!strcmp(name, "vkEnumerateInstanceVersion")) return (function)vkEnumerateInstanceVersion;
  if (!strcmp(name, "vkEnumerateInstanceExtensionProperties")) return (function)none;
  if (!strcmp(name, "vkEnumerateInstanceLayerProperties")) return (function)no_layers;
  if (!strcmp(name, "vkCreateInstance")) return (function)vkCreateInstance;
  if (!strcmp(name, "vkDestroyInstance")) return (function)destroy;
  if (!strcmp(name, "vkEnumeratePhysicalDevices")) return (function)vkEnumeratePhysicalDevices;
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (function)vkGetInstanceProcAddr;
  return NULL;
}
function vkGetDeviceProcAddr(void *device, const char *name) { return NULL; }
void vkCmdCopyBuffer(void) {}
void vkGetPhysicalDeviceFeatures2(void) {}
`;

/** A folder with a Vulkan that does `body` in a trial; `result` is what it says of its start, 0: success. */
function driver(name: string, body: string, result = 0): string {
  const into = join(folder, name);
  mkdirSync(into);
  writeFileSync(join(into, "vulkan.c"), source(body, result));
  execFileSync("cc", [
    "-shared",
    "-fPIC",
    "-Wl,-soname,libvulkan.so.1",
    "-o",
    join(into, "libvulkan.so.1"),
    join(into, "vulkan.c")
  ]);
  return into;
}

/** The package as npm installs it, without one of node-llama-cpp's. */
function installWithout(left: string): string {
  const into = mkdtempSync(join(folder, "package-"));
  copyPackage(into);
  cpSync(join(root, "native", "build", "medgemma-cpu.node"), join(into, "native", "build", "medgemma-cpu.node"));
  const [from, to] = [join(root, "node_modules"), join(into, "node_modules")];
  mkdirSync(join(to, "@node-llama-cpp"), { recursive: true });
  // It looks for its packages from where it really lies, so it must not be a link.
  cpSync(join(from, "node-llama-cpp"), join(to, "node-llama-cpp"), {
    recursive: true,
    filter: (path) => !path.endsWith("gitRelease.bundle")
  });
  const names = [
    ...readdirSync(from),
    ...readdirSync(join(from, "@node-llama-cpp")).map((name) => `@node-llama-cpp/${name}`)
  ];
  for (const name of names)
    if (!existsSync(join(to, name)) && name !== `@node-llama-cpp/${left}`)
      symlinkSync(join(from, name), join(to, name));
  return into;
}

function newHome(): string {
  return mkdtempSync(join(folder, "home-"));
}

function remembered(home: string): Remembered[] {
  return Object.values(
    JSON.parse(readFileSync(join(home, "backend-trials.json"), "utf8")) as Record<string, Remembered>
  );
}

function ask(vulkan: string, home: string, ...more: string[]): Promise<CliResult> {
  return runCli(["ask", "Describe the image.", "-i", film, "-m", "demo", ...more], { env: environment(vulkan, home) });
}

function environment(vulkan: string, home: string): NodeJS.ProcessEnv {
  return {
    LD_LIBRARY_PATH: vulkan,
    MEDGEMMA_HOME: home,
    VK_DRIVER_FILES: join(folder, "some.json"),
    MEDGEMMA_TRIAL_SECONDS: "20"
  };
}

/** Until a driver has written its process's number there. */
async function waitForPid(path: string): Promise<number> {
  while (!existsSync(path) || readFileSync(path, "utf8") === "") await sleep(50);
  return Number(readFileSync(path, "utf8"));
}

describe.runIf(canRun())("a Vulkan driver", () => {
  let crashing = "";
  let hanging = "";
  let ending = "";
  let empty = "";
  /** Written by the driver that hangs the first time that it is tried, and then no more. */
  const hung = join(folder, "hung");
  beforeAll(() => {
    crashing = driver(
      "crashing",
      String.raw`fprintf(stderr, "WARNING: not a conformant driver\n/home/somebody/ggml-vulkan.cpp:77: device lost\n"); abort();`
    );
    hanging = driver(
      "hanging",
      `if (access("${hung}", F_OK) == 0) _exit(7); FILE *file = fopen("${hung}", "w"); fprintf(file, "%d", getpid()); fclose(file); for (;;) pause();`
    );
    ending = driver("ending", "_exit(7);");
    empty = driver("empty", "");
  });
  const line = (reason: string) =>
    new RegExp(
      `^Warning: vulkan failed its trial on this machine: ${reason}\\. The CPU is used instead and may be many times slower\\. [^\\n]*medgemma-local doctor[^\\n]*\\n$`
    );

  it("that crashes leads to the CPU, one loud line, and is not tried again before doctor is run", async () => {
    const home = newHome();
    const first = await ask(crashing, home);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/\w{3}/) as string });
    expect(first.stderr).toMatch(line("it crashed \\(SIGABRT\\): ggml-vulkan\\.cpp:77: device lost"));
    const [trial, ...others] = remembered(home);
    expect(trial).toMatchObject({
      backend: "vulkan",
      outcome: "failed",
      reason: "it crashed (SIGABRT): ggml-vulkan.cpp:77: device lost"
    });
    expect(others).toEqual([]);
    const again = await ask(crashing, home);
    expect(again).toMatchObject({ code: 0, stdout: first.stdout, stderr: first.stderr });
    expect(remembered(home)).toEqual([trial]);

    const doctor = await runCli(["doctor", "--json"], { env: environment(crashing, home) });
    const { trials, machine } = JSON.parse(doctor.stdout) as {
      trials: (Remembered & { triedAt: string })[];
      machine: { gpu: object };
    };
    expect(machine.gpu).toMatchObject({
      backend: "off",
      missed: { backend: "vulkan", reason: "it crashed (SIGABRT): ggml-vulkan.cpp:77: device lost" }
    });
    expect(trials).toHaveLength(1);
    expect(trials[0]?.triedAt).not.toBe((trial as Remembered & { triedAt: string }).triedAt);
  });

  it("that never answers is ended at the limit", async () => {
    rmSync(hung, { force: true });
    const { code, stderr } = await runCli(["ask", "Hello", "-m", "demo"], {
      env: { ...environment(hanging, newHome()), MEDGEMMA_TRIAL_SECONDS: "3" }
    });
    expect(stderr).toMatch(line("it did not answer within 3 s"));
    expect(code).toBe(0);
  });

  it("that leaves a process running, which holds what it was given, does not keep ours", async () => {
    const leaving = driver("leaving", "if (fork() == 0) { sleep(100); _exit(0); } _exit(7);");
    const { stderr, code } = await ask(leaving, newHome());
    expect(stderr).toMatch(line("it ended with exit code 7"));
    expect(code).toBe(0);
    const program = `const medgemma = await loadMedGemma("demo"); console.log(medgemma.missedGpu.reason); await medgemma.dispose();`;
    expect(await runProgram(program, { env: environment(leaving, newHome()), limitMs: 50_000 })).toMatchObject({
      code: 0,
      stdout: "it ended with exit code 7\n"
    });
  });

  it("that was named is an error with the reason", async () => {
    const { code, stderr, stdout } = await ask(ending, newHome(), "--gpu", "vulkan");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^GPU_UNAVAILABLE: The vulkan backend failed its trial on this machine: it ended with exit code 7\. [^\n]*set gpu to "auto" or "off" \(--gpu\)\. Run: medgemma-local doctor\n$/
    );
  });

  it("is tried by one of two processes that start at once", async () => {
    const home = newHome();
    const count = join(folder, "count");
    const counting = driver(
      "counting",
      `(void)!write(open("${count}", O_WRONLY | O_CREAT | O_APPEND, 0600), "x", 1); _exit(7);`
    );
    await ask(counting, newHome());
    const once = readFileSync(count).length;
    rmSync(count);
    const [one, other] = await Promise.all([ask(counting, home), ask(counting, home)]);
    expect(readFileSync(count)).toHaveLength(once);
    for (const { code, stderr } of [one, other]) {
      expect(stderr).toMatch(line("it ended with exit code 7"));
      expect(code).toBe(0);
    }
  });

  it("is tried anew, and remembered, when the file of trials is damaged", async () => {
    const home = newHome();
    for (const content of ["{", "[]", '{"a":{"backend":"vulkan","outcome":"good"}}', "null"]) {
      writeFileSync(join(home, "backend-trials.json"), content);
      const { code } = await runCli(["ask", "Hello", "-m", "demo"], { env: environment(ending, home) });
      expect(code).toBe(0);
      expect(remembered(home)).toMatchObject([{ outcome: "failed" }]);
    }
  });

  it("is tried at each start when nothing can be remembered", async () => {
    const home = join(folder, "a-file");
    writeFileSync(home, "");
    for (let round = 0; round < 2; round += 1) {
      const { code, stderr } = await runCli(["ask", "Hello", "-m", "demo"], { env: environment(ending, home) });
      expect(stderr).toMatch(line("it ended with exit code 7"));
      expect(code).toBe(0);
    }
  });

  it("that finds no device says nothing", async () => {
    const home = newHome();
    const { code, stderr } = await ask(empty, home);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(remembered(home)).toMatchObject([{ backend: "vulkan", outcome: "absent" }]);
  });

  it("that is not there says nothing, though Vulkan's loader is", async () => {
    const home = newHome();
    const noDriver = driver("no-driver", "", -9); // VK_ERROR_INCOMPATIBLE_DRIVER
    const manifests = mkdtempSync(join(folder, "manifests-"));
    const env = { ...environment(noDriver, home), VK_DRIVER_FILES: manifests };
    expect(await runCli(["ask", "Hello", "-m", "demo"], { env })).toMatchObject({ code: 0, stderr: "" });
    expect(remembered(home)).toMatchObject([{ backend: "vulkan", outcome: "absent" }]);
    // A driver that is installed and does not start is another matter.
    writeFileSync(join(manifests, "gpu.json"), JSON.stringify({ ICD: { library_path: "/nowhere/libgpu.so" } }));
    expect(await runCli(["ask", "Hello", "-m", "demo"], { env })).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(line("node-llama-cpp cannot load its vulkan backend: [^\\n]*")) as string
    });
  });

  it("is there for nothing where node-llama-cpp's package was left out, which is another warning, and no trial", () => {
    const home = newHome();
    const command = join(installWithout("linux-x64-vulkan"), "dist", "cli", "main.js");
    const run = (...more: string[]) =>
      spawnSync(process.execPath, [command, "ask", "Hello", "-m", "demo", ...more], {
        encoding: "utf8",
        env: { ...process.env, ...environment(crashing, home) }
      });
    const reason =
      "node-llama-cpp's package @node-llama-cpp/linux-x64-vulkan is not installed\\. [^\\n]*Install again without [^\\n]*\\n$";
    expect(run()).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(
        `^Warning: vulkan has a driver on this machine, but cannot be used: ${reason}`
      ) as string
    });
    expect(run("--gpu", "vulkan")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(`^GPU_UNAVAILABLE: The vulkan backend cannot be used: ${reason}`) as string
    });
    expect(existsSync(join(home, "backend-trials.json"))).toBe(false);
  });

  it("that hangs is ended with the command that Ctrl-C ends", async () => {
    rmSync(hung, { force: true });
    let pid = 0;
    const { code } = await runCli(["ask", "Hello", "-m", "demo"], {
      env: { ...environment(hanging, newHome()), MEDGEMMA_TRIAL_SECONDS: "1000" },
      meddle: (child) =>
        void waitForPid(hung).then((found) => {
          pid = found;
          child.kill("SIGINT");
        })
    });
    expect(code).toBe(130);
    // Killed, and gone as soon as the system has taken notice: its parent does not wait for that.
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 10_000 });
  });

  it("is tried anew for the next one when who began it gives up, and in worker threads", async () => {
    rmSync(hung, { force: true });
    const { stdout, stderr, code } = await runProgram(
      `import { existsSync } from "node:fs";
      import { setTimeout as sleep } from "node:timers/promises";
      import { Worker } from "node:worker_threads";
      const stop = new AbortController();
      const tried = [];
      const first = loadMedGemma("demo", { signal: stop.signal, onTrial: (backend) => tried.push(backend) }).catch(({ code }) => code);
      while (!existsSync(${JSON.stringify(hung)})) await sleep(50);
      const second = loadMedGemma("demo", { onTrial: (backend) => tried.push(backend) });
      stop.abort();
      console.log(await first);
      const medgemma = await second;
      console.log(medgemma.missedGpu.reason, tried.join());
      await medgemma.dispose();
      const worker = ${newWorker(`const medgemma = await loadMedGemma("demo"); parentPort.postMessage(medgemma.missedGpu); await medgemma.dispose();`)};
      worker.on("message", ({ reason }) => console.log(reason));`,
      { env: { ...environment(hanging, newHome()), MEDGEMMA_TRIAL_SECONDS: "1000" }, limitMs: 60_000 }
    );
    const reason = "it ended with exit code 7";
    expect({ stdout, stderr, code }).toEqual({
      stdout: `ABORTED\n${reason} vulkan,vulkan\n${reason}\n`,
      stderr: "",
      code: 0
    });
  });

  it("is not asked when the CPU was", async () => {
    const home = newHome();
    expect(await ask(crashing, home, "--gpu", "off")).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(home, "backend-trials.json"))).toBe(false);
  });
});
