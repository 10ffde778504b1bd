import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("docs/reference/cli.md", () => {
  it("is what the commands say, as npm run docs writes it", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/cli-reference.mjs", "--check"], {
      cwd: root,
      encoding: "utf8"
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("has a chapter for every command", () => {
    const page = readFileSync(join(root, "docs", "reference", "cli.md"), "utf8");
    const chapters = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => `${name ?? ""}.ts`);
    expect(chapters.sort()).toEqual(readdirSync(join(root, "src", "cli", "commands")).sort());
  });
});
