/** Backends whose drivers fail, each for real: Vulkan's loader reads a driver that we compile. Nothing is mocked. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli, temporaryFolder, type CliResult } from "../cli/run-cli.js";
import { film } from "../demo-model.js";

const folder = temporaryFolder();
const require = createRequire(import.meta.url);

interface Remembered {
  readonly backend: string;
  readonly outcome: string;
  readonly reason: string | null;
}

/** Mesa's driver in software, which works until it is used; without it ggml-vulkan would not even be loaded. ggml passes over CPUs. */
const software = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";

/** Where node-llama-cpp has Vulkan, Mesa's software driver is installed, and a driver can be compiled. */
function canRun(): boolean {
  if (process.platform !== "linux" || process.arch !== "x64") return false;
  const hasPackage = existsSync(join(require.resolve("node-llama-cpp"), "..", "..", "..", "@node-llama-cpp", "linux-x64-vulkan"));
  const hasDriver = existsSync(software);
  return hasPackage && hasDriver && spawnSync("cc", ["--version"]).status === 0;
}

/** node-llama-cpp itself asks in a process of its own whether its library can be loaded; our drivers get past that. */
const inTrial = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int in_trial(void) {
  char line[4096];
  int file = open("/proc/self/cmdline", O_RDONLY);
  ssize_t length = read(file, line, sizeof line);
  close(file);
  return length > 0 && memmem(line, (size_t)length, "trial-child", 11) != NULL;
}`;

/** A Vulkan driver that does `body` when it is loaded in a trial. */
function driver(name: string, body: string): string {
  const [source, library, manifest] = ["c", "so", "json"].map((extension) => join(folder, `${name}.${extension}`)) as [string, string, string];
  writeFileSync(source, `${inTrial}\n__attribute__((constructor)) static void start(void) { if (in_trial()) { ${body} } }\n`);
  execFileSync("cc", ["-shared", "-fPIC", "-o", library, source]);
  writeFileSync(manifest, JSON.stringify({ file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } }));
  return manifest;
}

function newHome(): string {
  return mkdtempSync(join(folder, "home-"));
}

function remembered(home: string): Remembered[] {
  return Object.values(JSON.parse(readFileSync(join(home, "backend-trials.json"), "utf8")) as Record<string, Remembered>);
}

function ask(manifest: string, home: string, ...more: string[]): Promise<CliResult> {
  return runCli(["ask", "Describe the image.", "-i", film, "-m", "demo", ...more], { env: environment(manifest, home) });
}

function environment(manifest: string, home: string): NodeJS.ProcessEnv {
  const manifests = manifest === "" ? software : `${software}:${manifest}`;
  return { MEDGEMMA_HOME: home, VK_ICD_FILENAMES: manifests, VK_DRIVER_FILES: manifests, GGML_VK_VISIBLE_DEVICES: undefined, MEDGEMMA_TRIAL_SECONDS: "20" };
}

describe.runIf(canRun())("a Vulkan driver", () => {
  let crashing = "";
  let hanging = "";
  let ending = "";
  beforeAll(() => {
    crashing = driver("crashing", "abort();");
    hanging = driver("hanging", "for (;;) pause();");
    ending = driver("ending", "_exit(7);");
  });
  const line = (reason: string) =>
    new RegExp(`^Warning: vulkan failed its trial on this machine: ${reason}\\. The CPU computes instead, [^\\n]*medgemma-local doctor[^\\n]*\\n$`);

  it("that crashes leads to the CPU, one loud line, and is not tried again before doctor is run", async () => {
    const home = newHome();
    const first = await ask(crashing, home);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/\w{3}/) as string });
    expect(first.stderr).toMatch(line("it crashed \\(SIGABRT\\)"));
    const [trial, ...others] = remembered(home);
    expect(trial).toMatchObject({ backend: "vulkan", outcome: "failed", reason: "it crashed (SIGABRT)" });
    expect(others).toEqual([]);
    const again = await ask(crashing, home);
    expect(again).toMatchObject({ code: 0, stdout: first.stdout, stderr: first.stderr });
    expect(remembered(home)).toEqual([trial]);

    const doctor = await runCli(["doctor", "--json"], { env: environment(crashing, home) });
    const { trials, machine } = JSON.parse(doctor.stdout) as { trials: (Remembered & { triedAt: string })[]; machine: { gpu: object } };
    expect(machine.gpu).toMatchObject({ backend: "off", missed: { backend: "vulkan", reason: "it crashed (SIGABRT)" } });
    expect(trials).toHaveLength(1);
    expect(trials[0]?.triedAt).not.toBe((trial as Remembered & { triedAt: string }).triedAt);
  });

  it("that never answers is ended at the limit", async () => {
    const { code, stderr } = await runCli(["ask", "Hello", "-m", "demo"], { env: { ...environment(hanging, newHome()), MEDGEMMA_TRIAL_SECONDS: "3" } });
    expect(stderr).toMatch(line("it gave no answer within 3 s"));
    expect(code).toBe(0);
  });

  it("that was named is an error with the reason", async () => {
    const { code, stderr, stdout } = await ask(ending, newHome(), "--gpu", "vulkan");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^GPU_UNAVAILABLE: The vulkan backend failed its trial on this machine: it ended with exit code 7\. [^\n]*medgemma-local doctor[^\n]*--gpu off[^\n]*\n$/);
  });

  it("is tried by one of two processes that start at once", async () => {
    const home = newHome();
    const count = join(folder, "count");
    const counting = driver("counting", `(void)!write(open("${count}", O_WRONLY | O_CREAT | O_APPEND, 0600), "x", 1); abort();`);
    await ask(counting, newHome());
    const once = readFileSync(count).length;
    rmSync(count);
    const [one, other] = await Promise.all([ask(counting, home), ask(counting, home)]);
    expect(readFileSync(count)).toHaveLength(once);
    for (const { code, stderr } of [one, other]) {
      expect(stderr).toMatch(line("it crashed \\(SIGABRT\\)"));
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
    const { code, stderr } = await ask("", home);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(remembered(home)).toMatchObject([{ backend: "vulkan", outcome: "absent" }]);
  });

  it("is not asked when the CPU was", async () => {
    const home = newHome();
    expect(await ask(crashing, home, "--gpu", "off")).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(home, "backend-trials.json"))).toBe(false);
  });
});
