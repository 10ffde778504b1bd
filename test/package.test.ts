/** What the package promises to those who install it: what publint and arethetypeswrong look at, and the licences. */
import { execSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./cli/run-cli.js";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = temporaryFolder();

function check(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts", "check-package.mjs"), ...args],
    { encoding: "utf8" }
  );
  return { code: status, stdout, stderr };
}

const good = {
  "package.json": {
    name: "someone",
    version: "1.0.0",
    license: "MIT",
    type: "module",
    main: "./index.js",
    types: "./index.d.ts",
    exports: { types: "./index.d.ts", default: "./index.js" }
  },
  "index.js": "export const one = 1;",
  "index.d.ts": "export declare const one: number;",
  LICENSE: "MIT",
  NOTICE: "none"
};

/** A packed package of these files; undefined leaves one out. */
function pack(files: Partial<Record<keyof typeof good, unknown>>): string {
  const into = mkdtempSync(join(folder, "package-"));
  for (const [name, content] of Object.entries({ ...good, ...files })) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(into, name)), { recursive: true });
    writeFileSync(join(into, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return join(into, execSync("npm pack --silent --ignore-scripts", { cwd: into, encoding: "utf8" }).trim());
}

describe("the check of the package", () => {
  it("finds nothing in this one", () => {
    expect(check()).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("finds nothing in a small good one", () => {
    expect(check(pack({}))).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it.each([
    ["a file that exports name and that is not there", { "index.js": undefined }, /publint: .*index\.js/],
    ["CommonJS that calls itself a module", { "index.js": "exports.one = require('./one.cjs');" }, /publint: .*CJS/],
    ["types that are not there", { "index.d.ts": undefined }, /arethetypeswrong: .*NoTypes/],
    [
      "types that name no file of theirs",
      { "index.d.ts": "export * from './one';" },
      /arethetypeswrong: .*InternalResolutionError/
    ],
    ["a licence that is missing", { LICENSE: undefined }, /^LICENSE is not inside$/m],
    ["a notice that is missing", { NOTICE: undefined }, /^NOTICE is not inside$/m]
  ])("finds %s", (_what, files, line) => {
    const { code, stderr } = check(pack(files));
    expect(stderr).toMatch(line);
    expect(code).toBe(1);
  });
});

describe("NOTICE", () => {
  it.each([
    ["node-addon-api", "LICENSE.md"],
    ["node-api-headers", "LICENSE"],
    ["node-llama-cpp", "LICENSE"]
  ])(
    "names who holds the copyright of the headers of %s, compiled into the addons under the terms of LICENSE",
    (name, file) => {
      const words = (text: string) => text.replace(/[[\]]|\(http[^)]*\)/g, "").replace(/\s+/g, " ");
      const theirs = words(readFileSync(join(root, "node_modules", name, file), "utf8"));
      const holder = /Copyright \(c\) (\d{4} .*?) (?=Permission)/.exec(theirs)?.[1];
      expect(holder).toBeDefined();
      expect(words(readFileSync(join(root, "NOTICE"), "utf8"))).toContain(`${name} Copyright (c) ${holder ?? ""}`);
      const terms = (text: string) =>
        text
          .slice(text.indexOf("Permission is hereby granted"))
          .replace(/[^a-z]+/gi, " ")
          .trim();
      expect(terms(theirs)).toBe(terms(words(readFileSync(join(root, "LICENSE"), "utf8"))));
    }
  );
});
