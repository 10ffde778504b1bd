/** The packed package on a machine that has Node and nothing else: no compiler, no CMake, no Python, no git. */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const picture = join(root, "models", "demo", "examples", "film.png");
const work = mkdtempSync(join(tmpdir(), "medgemma-install-"));
const bin = join(work, "bin");
const tools = join(work, "tools");
/** One cache for all, as a person has it; the offline test needs what the first install put there. */
const cache = join(work, "cache");
const npmCli = join(dirname(process.execPath), "..", "lib", "node_modules", "npm", "bin");
const shell = ["/bin/sh", "/usr/bin/env", "/bin/sed", "/usr/bin/dirname", "/usr/bin/basename", "/bin/uname"];
let tarball = "";

function run(
  folder: string,
  command: string,
  args: readonly string[],
  wrapper: readonly string[] = []
): SpawnSyncReturns<string> {
  const [program = command, ...rest] = [...wrapper, command, ...args];
  return spawnSync(program, rest, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    timeout: 300_000,
    env: {
      PATH: bin,
      HOME: join(folder, "home"),
      npm_config_cache: cache,
      npm_config_registry: registry,
      COREPACK_ENABLE_AUTO_PIN: "0"
    }
  });
}

const registry = spawnSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).stdout.trim();

function emptyProject(name: string): string {
  const folder = join(work, name);
  mkdirSync(join(folder, "home"), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "someone", version: "1.0.0", private: true }));
  copyFileSync(picture, join(folder, "x.png"));
  return folder;
}

function expectAnswer(folder: string, wrapper: readonly string[] = []): void {
  const { status, stdout, stderr } = run(
    folder,
    "npx",
    ["--no-install", "medgemma-local", "ask", "Describe", "-i", "x.png", "-m", "demo", "--json", "--gpu", "off"],
    wrapper
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const answer = JSON.parse(stdout) as { text: string; stopReason: string };
  expect(answer.stopReason).toBe("end");
  expect(answer.text).toMatch(/^A .* at the /);
}

beforeAll(() => {
  // Node's own commands, and what the starters of npm, pnpm and yarn need of a shell. Nothing that could build.
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  for (const name of ["npm", "npx"]) symlinkSync(join(npmCli, `${name}-cli.js`), join(bin, name));
  for (const path of shell) symlinkSync(path, join(bin, basename(path)));
  mkdirSync(tools);
  expect(
    spawnSync("npm", ["install", "--prefix", tools, "pnpm@9.15.9", "yarn@1.22.22"], { encoding: "utf8" }).status
  ).toBe(0);
  for (const name of ["pnpm", "yarn"]) symlinkSync(join(tools, "node_modules", ".bin", name), join(bin, name));

  rmSync(join(root, "prebuilds"), { recursive: true, force: true });
  const { stdout, stderr } = spawnSync("npm", ["pack", "--silent", "--pack-destination", work], {
    cwd: root,
    encoding: "utf8"
  });
  tarball = join(work, stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(existsSync(tarball), stderr).toBe(true);
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

describe("the packed package, without anything to build with", () => {
  it("finds no compiler, CMake, Python or git in its PATH", () => {
    expect(readdirSync(bin).sort()).toEqual(
      [...shell.map((path) => basename(path)), "node", "npm", "npx", "pnpm", "yarn"].sort()
    );
  });

  // The first fills the cache.
  it.each([
    { name: "npm", command: "npm", args: ["install", "--no-audit", "--no-fund"] },
    { name: "npm --ignore-scripts", command: "npm", args: ["install", "--ignore-scripts", "--no-audit", "--no-fund"] },
    { name: "pnpm", command: "pnpm", args: ["add"] },
    { name: "pnpm --ignore-scripts", command: "pnpm", args: ["add", "--ignore-scripts"] },
    { name: "yarn", command: "yarn", args: ["add", "--non-interactive"] },
    { name: "yarn --ignore-scripts", command: "yarn", args: ["add", "--non-interactive", "--ignore-scripts"] }
  ])("installs with $name and answers", ({ name, command, args }) => {
    const folder = emptyProject(name.replaceAll(" ", ""));
    const started = performance.now();
    const { status, stderr, stdout } = run(folder, command, [
      ...args,
      command === "yarn" ? `file:${tarball}` : tarball
    ]);
    console.log(`${name}: installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect(status, stderr + stdout).toBe(0);
    expectAnswer(folder);
  });

  const isolated = ["unshare", "-rn"];
  const canIsolate = spawnSync("unshare", ["-rn", "true"]).status === 0;
  it.runIf(canIsolate)("installs from npm's cache in a network namespace without interfaces, and answers there", () => {
    const folder = emptyProject("offline");
    symlinkSync("/usr/bin/unshare", join(folder, "unshare"));
    const wrapper = [join(folder, "unshare"), ...isolated.slice(1)];
    const { status, stderr } = run(
      folder,
      "npm",
      ["install", "--offline", "--no-audit", "--no-fund", tarball],
      wrapper
    );
    expect(status, stderr).toBe(0);
    expectAnswer(folder, wrapper);
  });
});
