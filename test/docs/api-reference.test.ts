import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("docs/reference/api.md", () => {
  const page = readFileSync(join(root, "docs", "reference", "api.md"), "utf8");
  const headings = [...page.matchAll(/^#{1,3} (.+)$/gm)].map(([, text]) => text ?? "");

  it("is what src/ says, as npm run docs writes it", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/api-reference.mjs", "--check"], {
      cwd: root,
      encoding: "utf8"
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("has all that can be imported", () => {
    expect(headings).toEqual(expect.arrayContaining(Object.keys(library)));
  });

  it("has links that lead somewhere, one heading each", () => {
    const anchors = headings.map((text) => text.toLowerCase().replaceAll(" ", "-"));
    expect(new Set(anchors).size).toBe(anchors.length);
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor ?? "");
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
  });
});
