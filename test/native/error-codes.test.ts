import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { errorCodes } from "../../src/errors.js";

const native = fileURLToPath(new URL("../../native/", import.meta.url));
const sources = readdirSync(native, { recursive: true, encoding: "utf8" }).filter(
  (name) => /\.(?:cpp|h)$/.test(name) && !/^(?:build|test)[/\\]/.test(name)
);

/** What every `Error(…)` of native/error.h gets first, as it is written; its own constructor and Napi's errors left out. */
const first = sources.flatMap((name) =>
  [...readFileSync(join(native, name), "utf8").matchAll(/(?<![:\w])Error\((?!const char)\s*([^,)]*)/g)].map(
    ([, code = ""]) => ({ name, code })
  )
);

it("every error of the native core has a code of src/errors.ts, written as a literal", () => {
  expect(first.length).toBeGreaterThan(25);
  expect(
    first.filter(
      ({ code }) =>
        !(errorCodes as readonly string[]).includes(code.replace(/^"(\w+)"$/, "$1")) || !code.startsWith('"')
    )
  ).toEqual([]);
});
