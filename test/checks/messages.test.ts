import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

it("the library's messages name no flag and no command of the command line", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/checks/options-and-messages.mjs", "messages"], {
    cwd: root,
    encoding: "utf8"
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
