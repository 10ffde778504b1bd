import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("a new option of a question costs three lines in two files at most", { timeout: 600_000 }, () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["scripts/checks/options-and-messages.mjs", "option"],
    { cwd: root, encoding: "utf8" }
  );
  expect(stderr).toBe("");
  expect(stdout).toMatch(/: [1-3] lines in [12] files for a new option/);
  expect(status).toBe(0);
});
