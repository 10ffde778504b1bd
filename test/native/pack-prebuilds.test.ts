/** Gathering the addons of all platforms: what is published is whole, or nothing is. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../cli/run-cli.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = temporaryFolder();

/** Refusals alone: what is accepted would go to prebuilds/ of this clone. */
function pack(...args: readonly string[]): { readonly code: number | null; readonly lines: readonly string[] } {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts", "pack-prebuilds.mjs"), ...args], {
    encoding: "utf8"
  });
  return { code: status, lines: stderr.trimEnd().split("\n") };
}

it("fails with --all where a platform is missing, and names each", () => {
  const missing = [
    "linux-arm64/medgemma-cpu",
    "linux-x64/medgemma-cpu",
    "linux-x64/medgemma-cuda",
    "linux-x64/medgemma-vulkan",
    "darwin-arm64/medgemma-metal"
  ];
  missing.push(
    "darwin-x64/medgemma-cpu",
    "win32-arm64/medgemma-cpu",
    "win32-x64/medgemma-cpu",
    "win32-x64/medgemma-cuda",
    "win32-x64/medgemma-vulkan"
  );
  const all = `Not every platform is there; missing: ${missing.map((name) => `${name}.node`).join(", ")}. Each is built on its own system.`;
  expect(pack(mkdtempSync(join(folder, "none-")), "--all")).toEqual({
    code: 1,
    lines: ["There is no addon to pack. Run: npm run build:native", all]
  });
});

it("fails on an addon that is not for its folder's system", () => {
  const into = mkdtempSync(join(folder, "mixed-"));
  const addon = join(into, "win32-x64", "medgemma-cpu.node");
  mkdirSync(join(addon, ".."));
  copyFileSync(join(root, "test", "fixtures", "binaries", "user-x86_64-linux-gnu.so"), addon);
  const { code, lines } = pack(into);
  expect({ code, line: lines[0] }).toEqual({ code: 1, line: `${addon}: is elf for x64; expected pe for x64` });
});
