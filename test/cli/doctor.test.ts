import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { film } from "../demo-model.js";
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

describe.runIf(process.platform === "linux" && process.arch === "x64")("with a GPU driver that does not work", () => {
  const warning = /^Warning: this machine has drivers for cuda, but they do not work with node-llama-cpp\. (?:The CPU|vulkan) computes instead[^\n]*\n$/;

  it.each([
    ["ask", ["ask", "Describe the image.", "-i", film, "-m", "demo"]],
    ["doctor", ["doctor"]]
  ])("%s says aloud that the CPU computes", async (_name, args) => {
    const { stderr, code } = await runCli(args, { env: { LD_LIBRARY_PATH: folder } });
    expect(stderr).toMatch(warning);
    expect(code).toBe(0);
  });

  it("says nothing when the CPU was asked for", async () => {
    const { stderr } = await runCli(["ask", "Hello", "-m", "demo", "--gpu", "off"], { env: { LD_LIBRARY_PATH: folder } });
    expect(stderr).toBe("");
  });
});
