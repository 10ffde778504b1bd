import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorCodes } from "../../src/errors.js";

it("docs/reference/errors.md has a row for every code, in the order of the list", () => {
  const page = readFileSync(new URL("../../docs/reference/errors.md", import.meta.url), "utf8");
  expect([...page.matchAll(/^\| `([A-Z_]+)` \|.*\| \d{3} \|$/gm)].map(([, code]) => code)).toEqual(errorCodes);
});
