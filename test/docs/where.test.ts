/** docs/internals/where.md answers readers' questions by paths of the folder tree. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("docs/internals/where.md", () => {
  const page = readFileSync(join(root, "docs", "internals", "where.md"), "utf8");
  const rows = [...page.matchAll(/^\| ([^|]+\?) \| ([^|]+) \|$/gm)].map(([, question = "", answer = ""]) => ({
    question,
    answer
  }));
  const pathsOf = (answer: string) => [...answer.matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? "");

  it("answers at least ten questions, each by a path", () => {
    expect(rows.length).toBeGreaterThanOrEqual(10);
    expect(rows.filter(({ answer }) => pathsOf(answer).length === 0)).toEqual([]);
  });

  it("names only files and folders that exist", () => {
    expect(rows.flatMap(({ answer }) => pathsOf(answer)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
