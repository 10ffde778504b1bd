/** Which binary is loaded on a machine, told by packages laid out as npm and Electron lay them out: copies of dist/, nothing mocked. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { packageVersion } from "../../src/shared/package-version.js";
import { prebuildFolder } from "../../src/native/platform.js";
import { temporaryFolder } from "../cli/run-cli.js";
import { copyPackage } from "../copy-package.js";
import { film } from "../demo-model.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const isMacArm = process.platform === "darwin" && process.arch === "arm64";
const backend = isMacArm ? "metal" : "cpu";
const built = join(root, "native", "build", `medgemma-${backend}.node`);
const folder = temporaryFolder();
/** What a stand-in for the build script does when it is asked whether it could build. */
const canBuild = `if (process.argv.includes("--check")) process.exit(0);`;
const version = packageVersion();

interface Layout {
  readonly package: string;
  readonly prebuild: string;
  readonly local: string;
}

/** An installed package without any binary of ours. */
function install(): Layout {
  const into = realpathSync(mkdtempSync(join(folder, "package-")));
  copyPackage(into);
  symlinkSync(join(root, "node_modules"), join(into, "node_modules"), "junction");
  return layoutOf(into, into);
}

function layoutOf(code: string, binaries: string): Layout {
  return {
    package: code,
    prebuild: join(binaries, "prebuilds", prebuildFolder(), `medgemma-${backend}.node`),
    local: join(binaries, "native", "build", `medgemma-${backend}.node`)
  };
}

function put(path: string, content: Buffer | string = readFileSync(built)): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
}

/** The addon with other words of the same length in it. */
function changed(from: string, to: string): Buffer {
  const content = readFileSync(built);
  expect(to).toHaveLength(from.length);
  expect(content.indexOf(from)).toBeGreaterThan(0);
  for (let at = content.indexOf(from); at !== -1; at = content.indexOf(from)) content.write(to, at, "latin1");
  return content;
}

/** What the package's own command does there. */
function preview(
  { package: location }: Layout,
  env: NodeJS.ProcessEnv = {}
): { readonly code: number | null; readonly stderr: string } {
  const output = join(location, "seen.png");
  rmSync(output, { force: true });
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(location, "dist", "cli", "main.js"), "preview", film, "--size", "224", "-o", output],
    {
      encoding: "utf8",
      env: { ...process.env, MEDGEMMA_HOME: join(location, "home"), MEDGEMMA_BUILD: "never", ...env }
    }
  );
  expect(existsSync(output)).toBe(status === 0);
  return { code: status, stderr };
}

describe("the native addon", () => {
  it("is a prebuild, which finds node-llama-cpp's libraries wherever they lie", () => {
    const installed = install();
    put(installed.prebuild);
    expect(preview(installed)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Warning") as string });
  });

  it("is the local build where there is one, whatever the prebuild", () => {
    const installed = install();
    put(installed.local);
    put(installed.prebuild, "damaged");
    expect(preview(installed)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Warning") as string });
  });

  it("of another version, or built before a function was added, is left for the next one", () => {
    const installed = install();
    put(installed.prebuild);
    put(installed.local, changed(`medgemma-local addon ${version}`, "medgemma-local addon 0.0.9"));
    expect(preview(installed)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(
        `The local build ${installed.local}: is the addon of version 0.0.9, expected ${version}. Using the prebuild `
      ) as string
    });
    put(installed.local, changed("collectComplaints", "collectCompliment"));
    expect(preview(installed)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(
        `The local build ${installed.local}: was built before collectComplaints was added: npm run build:native. `
      ) as string
    });
    put(installed.local);
    expect(preview(installed)).toEqual({ code: 0, stderr: "" });
  });

  it("that was built before a function was added is built anew where nothing else is there", () => {
    const installed = install();
    put(installed.local, changed("collectComplaints", "collectCompliment"));
    const script = join(installed.package, "scripts", "build-native.mjs");
    put(
      script,
      `import { copyFileSync, rmSync } from "node:fs"; ${canBuild} rmSync(${JSON.stringify(installed.local)}); copyFileSync(${JSON.stringify(built)}, ${JSON.stringify(installed.local)});`
    );
    expect(preview(installed, { MEDGEMMA_BUILD: undefined })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("being built from source") as string
    });
  });

  it.each([
    ["cut off", () => readFileSync(built).subarray(0, 20_000)],
    ["empty", () => ""],
    ["of another package", () => readFileSync(hostAddon())]
  ])("is the prebuild, with a warning, when the local build is %s", (_what, content) => {
    const installed = install();
    put(installed.local, content());
    put(installed.prebuild);
    const { code, stderr } = preview(installed);
    expect(stderr).toContain(`Warning: The local build ${installed.local}: `);
    expect(stderr).toContain(`Using the prebuild ${installed.prebuild} instead.`);
    expect(code).toBe(0);
  });

  it("is what MEDGEMMA_ADDON names, and nothing else", () => {
    const installed = install();
    put(installed.prebuild, "damaged");
    expect(preview(installed, { MEDGEMMA_ADDON: built }).code).toBe(0);
    put(installed.prebuild);
    const { code, stderr } = preview(installed, { MEDGEMMA_ADDON: join(folder, "nowhere.node") });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ADDON_MISSING: .*MEDGEMMA_ADDON \S*nowhere\.node: is not there\. Correct MEDGEMMA_ADDON, or unset it\.\n$/
    );
  });

  it("is missed with platform, C library, Node, backend, each place with its reason, and the fix", () => {
    const installed = install();
    put(installed.prebuild, "damaged");
    const { code, stderr } = preview(installed);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain(
      `ADDON_MISSING: The native addon cannot be loaded on ${process.platform}-${process.arch}, `
    );
    if (process.platform === "linux") expect(stderr).toMatch(/, (?:glibc \d+\.\d+|musl), /);
    expect(stderr).toContain(
      `Node ${process.versions.node}, backend ${backend}. Tried: local build ${installed.local}: is not there; prebuild ${installed.prebuild}: `
    );
    expect(stderr).toContain("; build from source: MEDGEMMA_BUILD=never forbids it. Install again");
  });

  it("is built on the machine, with a line before, when nothing else is there", () => {
    const installed = install();
    const script = join(installed.package, "scripts", "build-native.mjs");
    put(
      script,
      `import { copyFileSync } from "node:fs"; ${canBuild} console.log("not for stdout"); copyFileSync(${JSON.stringify(built)}, ${JSON.stringify(installed.local)});`
    );
    const first = preview(installed, { MEDGEMMA_BUILD: undefined });
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^medgemma-local: no binary fits this machine \(.*\), so the native addon is being built from source\./
      ) as string
    });
    expect(preview(installed, { MEDGEMMA_BUILD: undefined }).stderr).not.toContain("built from source");
  });

  it("says why it could not be built", () => {
    const installed = install();
    put(
      join(installed.package, "scripts", "build-native.mjs"),
      `${canBuild} console.error("first"); console.error("no space left"); process.exit(1);`
    );
    const { code, stderr } = preview(installed, { MEDGEMMA_BUILD: undefined });
    expect(code).toBe(1);
    expect(stderr).toContain("; build from source: no space left. ");
  });

  it("says which tools are missing, and not that it is being built", () => {
    const installed = install();
    cpSync(join(root, "scripts"), join(installed.package, "scripts"), { recursive: true });
    const { code, stderr } = preview(installed, { MEDGEMMA_BUILD: undefined, PATH: "" });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ADDON_MISSING: .*; build from source: Building the native addon needs git \(.+\) and CMake \(.+\).*, not found here\. .*\n$/
    );
  });
});

describe("sharp's binary that is not there", () => {
  it("is one line when a picture comes, and costs nothing else", () => {
    const installed = install();
    put(installed.prebuild);
    // Everything but sharp's own packages; sharp itself as a copy, since a link would lead to them.
    const modules = join(installed.package, "node_modules");
    rmSync(modules);
    mkdirSync(modules);
    for (const name of readdirSync(join(root, "node_modules")).filter(
      (entry) => entry !== "@img" && entry !== "sharp"
    )) {
      symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
    }
    cpSync(join(root, "node_modules", "sharp"), join(modules, "sharp"), { recursive: true });
    const { code, stderr } = preview(installed);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ADDON_MISSING: sharp, which decodes pictures, cannot be loaded on [^\n]*: Could not load the "sharp" module [^\n]*npm install @img\/sharp-wasm32\.\n$/
    );
    const main = join(installed.package, "dist", "cli", "main.js");
    const asked = spawnSync(process.execPath, [main, "ask", "Hello", "-m", "demo", "--gpu", "off"], {
      encoding: "utf8"
    });
    expect(asked).toMatchObject({ stderr: "", status: 0, stdout: expect.stringMatching(/\w{3}/) as string });
  });
});

describe("in the archive of an Electron app", () => {
  it("finds its binary, and node-llama-cpp's, in app.asar.unpacked", () => {
    const app = realpathSync(mkdtempSync(join(folder, "app-")));
    const [packed, unpacked] = [join(app, "app.asar"), join(app, "app.asar.unpacked")].map((place) =>
      join(place, "node_modules")
    ) as [string, string];
    // In the archive: code. Beside it: what native code opens. Nothing in both, so that a wrong path fails.
    const own = join(packed, "medgemma-local");
    cpSync(join(root, "dist"), join(own, "dist"), { recursive: true });
    copyFileSync(join(root, "package.json"), join(own, "package.json"));
    symlinkSync(join(root, "node_modules"), join(own, "node_modules"), "junction");
    const layout = layoutOf(own, join(unpacked, "medgemma-local"));
    put(layout.prebuild);
    expect(preview(layout)).toMatchObject({ code: 0 });
    cpSync(join(root, "models", "demo"), join(unpacked, "medgemma-local", "models", "demo"), { recursive: true });
    cpSync(join(root, "models", "catalog.json"), join(own, "models", "catalog.json"));
    const asked = spawnSync(
      process.execPath,
      [join(own, "dist", "cli", "main.js"), "ask", "Describe the image.", "-i", film, "-m", "demo", "--gpu", "off"],
      {
        encoding: "utf8",
        env: { ...process.env, MEDGEMMA_BUILD: "never" }
      }
    );
    expect(asked).toMatchObject({ stderr: "", status: 0, stdout: expect.stringMatching(/\w{3}/) as string });
  });
});

/** node-llama-cpp's addon: loads, but is not ours. */
function hostAddon(): string {
  const name = `${{ linux: "linux", darwin: "mac", win32: "win" }[process.platform as string] ?? ""}-${process.arch}${isMacArm ? "-metal" : ""}`;
  return join(root, "node_modules", "@node-llama-cpp", name, "bins", name, "llama-addon.node");
}
