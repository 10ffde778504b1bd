/** What whoever builds the addon by hand is told, before the compiler runs. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../scripts/build-native.mjs", import.meta.url));
const isMac = process.platform === "darwin";

function build(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {}
): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env }
  });
  return { code: status, stdout, stderr };
}

describe("building the native addon", () => {
  it.each([
    [["--gpu", "foo"], "--gpu foo is unknown; expected auto, metal, cuda, vulkan, off."],
    [["--gpu", "METAL"], "--gpu METAL is unknown; expected auto, metal, cuda, vulkan, off."],
    [["--gpu", "toString"], "--gpu toString is unknown; expected auto, metal, cuda, vulkan, off."],
    [["--gpu"], "Option '--gpu <value>' argument missing. --help lists the options."],
    [["--gpu", "--test"], "Option '--gpu' argument is ambiguous. --help lists the options."],
    [["--fast"], "Unknown option '--fast'. --help lists the options."]
  ])("refuses %j in one line", (args, line) => {
    expect(build(args)).toEqual({ code: 1, stdout: "", stderr: `${line}\n` });
  });

  it("refuses a backend that this platform has no libraries for, and names those that it has", () => {
    const gpu = isMac ? "cuda" : "metal";
    expect(build(["--gpu", gpu])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`^--gpu ${gpu}: .* but for [a-z, ]+\\.\\n$`)) as string
    });
  });

  it("names the tools that are missing", () => {
    const { code, stderr } = build(["--check"], { PATH: "" });
    expect({ code, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(/^Building the native addon needs git \(.+\) and CMake \(.+\)/);
  });

  it("only checks with --check", () => {
    expect(build(["--check"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("lists its options with --help", () => {
    expect(build(["--help"])).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Usage: .*--gpu auto\|metal\|cuda\|vulkan\|off/) as string
    });
  });
});
