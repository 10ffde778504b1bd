/** docs/reference/environment.md has every variable that the source reads. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Set by the library for the process that tests a GPU backend, never by a user. */
const internal = ["MEDGEMMA_TRIAL"];

function textBelow(folder: string, extension: string): string {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(extension) && !name.startsWith("build")
  );
  return names.map((name) => readFileSync(join(root, folder, name), "utf8")).join("\n");
}

describe("docs/reference/environment.md", () => {
  it("has every variable of medgemma-local, Hugging Face and the programs whose models are found", () => {
    const named = textBelow("src", ".ts").match(/\b(?:MEDGEMMA|HF|HUGGINGFACE|OLLAMA|LLAMA|JAN)_[A-Z][A-Z_]*\b/g) ?? [];
    const read = [...textBelow("native", ".cpp").matchAll(/getenv\("(\w+)"\)/g)].map(([, name]) => name ?? "");
    const page = readFileSync(join(root, "docs", "reference", "environment.md"), "utf8");
    const variables = new Set([...named, ...read]);
    expect(variables.size).toBeGreaterThan(12);
    expect([...variables].filter((name) => !internal.includes(name) && !page.includes(`\`${name}\``))).toEqual([]);
  });
});
