/** Every path and anchor that the documentation names exists, and so does every page that a comment or a message names. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folders = ["bench", "docs", "examples", "models", "native", "scripts", "src", "test"];
const foreign = new Set(["node_modules", "build", "dist", "huggingface"]);

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

const top = readdirSync(root)
  .filter((name) => name.endsWith(".md"))
  .map((name) => join(root, name));
const files = [...top, ...folders.flatMap((name) => filesBelow(join(root, name)))];
const pages = files.filter((path) => path.endsWith(".md"));
const code = files.filter((path) =>
  [".ts", ".mjs", ".js", ".cjs", ".h", ".cpp", ".py", ".json", ".txt"].includes(extname(path))
);

const read = (path: string) => readFileSync(path, "utf8");
const withoutCode = (text: string) => text.replaceAll(/^```[^]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");

/** As GitHub makes them from headings. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [
    ...read(path)
      .replaceAll(/^```[^]*?^```$/gm, "")
      .matchAll(/^#+ (.+)$/gm)
  ].map(([, text]) => text ?? "");
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-")
    )
  );
}

function isBroken(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), decodeURI(path));
  if (!existsSync(target)) return true;
  return anchor !== undefined && (statSync(target).isDirectory() || !anchorsOf(target).has(anchor));
}

describe("the links of the documentation", () => {
  it("are relative paths and anchors that exist", () => {
    const links = pages.flatMap((page) =>
      [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link]) => ({ page, link: link ?? "" }))
        .filter(({ link }) => !/^[a-z]+:/.test(link))
    );
    expect(links.length).toBeGreaterThan(100);
    expect(
      links.filter(({ page, link }) => isBroken(page, link)).map(({ page, link }) => `${relative(root, page)}: ${link}`)
    ).toEqual([]);
  });

  it("are pages that exist where code and prose name them as docs/…", () => {
    const named = [...pages, ...code].flatMap((file) =>
      [...read(file).matchAll(/(?<![\w/.])docs\/[\w/-]+\.md/g)].map(([page]) => ({ file, page }))
    );
    expect(named.length).toBeGreaterThan(20);
    expect(
      named
        .filter(({ page }) => !existsSync(join(root, page)))
        .map(({ file, page }) => `${relative(root, file)}: ${page}`)
    ).toEqual([]);
  });

  it("lead from every page of the guide to the next one and back", () => {
    const guide = join(root, "docs", "guide");
    const order = [...read(join(root, "docs", "README.md")).matchAll(/\]\(guide\/([\w-]+\.md)\)/g)].map(
      ([, name]) => name ?? ""
    );
    expect([...order].sort()).toEqual(readdirSync(guide).sort());
    for (const [index, name] of order.entries()) {
      const [previous, next] = [order[index - 1], order[index + 1]];
      const last = read(join(guide, name)).trimEnd().split("\n").at(-1) ?? "";
      expect([name, [...last.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)]).toEqual([
        name,
        [previous, next].filter((link) => link !== undefined)
      ]);
    }
  });
});
