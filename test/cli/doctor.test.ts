import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { demoText, film } from "../demo-model.js";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();
// node-llama-cpp looks for these names and takes CUDA for installed; then it cannot load them.
for (const name of ["libcuda.so.1", "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libnvidia-ml.so.1"]) {
  writeFileSync(join(folder, name), "");
}

describe("doctor", () => {
  it("tells the machine, every step and the verdict", async () => {
    const { stdout, stderr, code } = await runCli(["doctor", "--gpu", "off"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("versions node llama cpp  3.21.1\n");
    expect(stdout).toMatch(/\nok +layer 4 +relative error \S+, allowed 0\.0001\n/);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("This machine sees correctly (on the CPU).");
  });

  it("prints JSON", async () => {
    const { stdout } = await runCli(["doctor", "--gpu", "off", "--json"]);
    const { seesCorrectly, checks } = JSON.parse(stdout) as { seesCorrectly: boolean; checks: { ok: boolean }[] };
    expect(seesCorrectly).toBe(true);
    expect(checks).toHaveLength(11);
  });
});

describe("doctor on what is installed", () => {
  it("computes the hashes, and says where weights lie, whether the terms are accepted and what may use the network", async () => {
    const home = join(folder, "home");
    const stick = join(folder, "stick");
    mkdirSync(stick);
    copyFileSync(demoText, join(stick, "medgemma-4b-it-Q4_K_M.gguf"));
    const env = { MEDGEMMA_HOME: home, HF_ENDPOINT: "https://mirror.example", HF_TOKEN: "hf_secret" };
    await runCli(["import", stick], { env });
    const { stdout, code } = await runCli(["doctor", "--gpu", "off", "--offline", "--json"], { env });
    const path = join(home, "medgemma-4b-it", "medgemma-4b-it-Q4_K_M.gguf");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      addon: { path: expect.stringMatching(/\.node$/) as string },
      storage: {
        folder: { path: home, writable: true },
        files: [{ id: "4b-it:Q4_K_M", path, state: "whole", problem: null }],
        termsAccepted: null,
        network: { policy: "never", endpoint: "https://mirror.example", hasToken: true, hasProxy: false }
      }
    });
    expect(stdout).not.toContain("hf_secret");
    truncateSync(path, 1_000_000);
    const damaged = await runCli(["doctor", "--gpu", "off"], { env });
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(
      /\nDAMAGED {2}.*1000000 bytes, expected 13431040\. Get it again: medgemma-local pull 4b-it:Q4_K_M\n/
    );
    expect(damaged.stdout).toMatch(
      /This machine sees correctly \(on the CPU\)\.\n1 of 1 files of models is damaged\.\n$/
    );
  });
});

describe.runIf(process.platform === "linux" && process.arch === "x64")("with a GPU driver that does not work", () => {
  const warning =
    /^Warning: cuda failed its trial on this machine: node-llama-cpp cannot load its cuda backend[^\n]* (?:The CPU|vulkan) is used instead[^\n]*\n$/;

  it.each([
    ["ask", ["ask", "Describe the image.", "-i", film, "-m", "demo"]],
    ["doctor", ["doctor"]]
  ])("%s says aloud that the CPU computes", async (_name, args) => {
    const { stderr, code } = await runCli(args, { env: { LD_LIBRARY_PATH: folder } });
    expect(stderr).toMatch(warning);
    expect(code).toBe(0);
  });

  it("says nothing when the CPU was asked for", async () => {
    const { stderr } = await runCli(["ask", "Hello", "-m", "demo", "--gpu", "off"], {
      env: { LD_LIBRARY_PATH: folder }
    });
    expect(stderr).toBe("");
  });
});
