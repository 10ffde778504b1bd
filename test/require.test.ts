import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { film } from "./demo-model.js";

it("is loaded by require() in CommonJS as well", () => {
  const program = fileURLToPath(new URL("fixtures/require.cjs", import.meta.url));
  expect(execFileSync(process.execPath, [program, film], { encoding: "utf8" })).toBe("Yes, at the middle center.\n");
});
