// Builds the addon on Linux for another platform, into native/build/cross/<platform>-<arch>/, and checks it as one that ships.
// node-llama-cpp's libraries for it come from the npm registry. For Linux GCC builds, for the others zig, which brings the C
// and C++ libraries of macOS and Windows; the environment variable ZIG names it where it is not in the PATH.
//
// Windows is a proof that all compiles, links and is there, and never to be shipped: zig has no headers of Microsoft's, and
// with the other C++ ABI node-llama-cpp's AddonContext has another layout, which prepareContext refuses.
//
//   node scripts/cross-build.mjs <platform>-<arch> [--test] [--cache FOLDER] [--verbose]     --test: the native tests too
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkAddon, checkReach } from "./binaries/check-addon.mjs";
import { checkExports } from "./binaries/check-exports.mjs";
import { builds, isHostSymbol } from "./binaries/platforms.mjs";
import { readBinary } from "./binaries/read-binary.mjs";
import { defaultCache, fetchPackage } from "./fetch-package.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const zig = process.env.ZIG?.includes("/") ? resolve(process.env.ZIG) : (process.env.ZIG ?? "zig");

const system = (name, processor, compiler) => ({
  CMAKE_SYSTEM_NAME: name,
  CMAKE_SYSTEM_PROCESSOR: processor,
  CMAKE_CXX_COMPILER: compiler.join(";")
});
const macos = (processor, triple) => ({
  ...system("Darwin", processor, [zig, "c++", "-target", triple]),
  MEDGEMMA_ZIG: "ON"
});
const windows = (processor, triple, machine) => ({
  ...system("Windows", processor, [zig, "c++", "-target", triple]),
  MEDGEMMA_ZIG: "ON",
  MEDGEMMA_DLLTOOL: [zig, "dlltool", "-m", machine].join(";"),
  CMAKE_JS_NODELIB_DEF: require("node-api-headers").def_paths.node_api_def
});
/** What CMake must know. */
const targets = {
  "linux-arm64": system("Linux", "aarch64", ["aarch64-linux-gnu-g++"]),
  "darwin-arm64": macos("arm64", "aarch64-macos.14.0"),
  "darwin-x64": macos("x86_64", "x86_64-macos.14.0"),
  "win32-arm64": windows("aarch64", "aarch64-windows-gnu", "arm64"),
  "win32-x64": windows("x86_64", "x86_64-windows-gnu", "i386:x86-64")
};

const versionOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;

/** Puts node-llama-cpp's libraries for `build` into `folder`. */
function fetchLibraries(build, folder, cache) {
  const files = fetchPackage(
    `@node-llama-cpp/${build}`,
    versionOf(join(root, "node_modules", "node-llama-cpp")),
    cache,
    (path) => dirname(path).endsWith(`/bins/${build}`)
  );
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path, bytes } of files) writeFileSync(join(folder, basename(path)), bytes);
  return files;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    test: { type: "boolean", default: false },
    cache: { type: "string", default: defaultCache },
    verbose: { type: "boolean", default: false }
  }
});
const [target] = positionals;
if (targets[target] === undefined || positionals.length !== 1) {
  console.error(`Name one of ${Object.keys(targets).join(", ")}.`);
  process.exit(2);
}

const [compiler] = targets[target].CMAKE_CXX_COMPILER.split(";");
if (spawnSync(compiler, ["--help"], { stdio: "ignore" }).error !== undefined) {
  console.error(
    `${target} is built with ${compiler}, which is not there. ${compiler.endsWith("g++") ? `Run: apt install g++-aarch64-linux-gnu` : "Set ZIG to zig's path; PyPI has it as ziglang."}`
  );
  process.exit(1);
}

const [build, path] = Object.entries(builds).find(([, addon]) => addon.startsWith(`${target}/`));
const output = join(root, "native", "build", "cross", target);
const libraries = join(output, "libraries");
const files = fetchLibraries(build, libraries, options.cache);
const defines = {
  ...targets[target],
  CMAKE_JS_NODELIB_TARGET: targets[target].CMAKE_JS_NODELIB_DEF && join(output, "node.lib")
};
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "scripts", "build-native.mjs"),
    ...["--gpu", path.endsWith("-metal.node") ? "metal" : "off", "--libraries", libraries, "--output", output],
    ...Object.entries(defines).flatMap(([name, value]) =>
      value === undefined ? [] : ["--define", `${name}=${value}`]
    ),
    ...(options.test ? ["--test"] : []),
    ...(options.verbose ? ["--verbose"] : [])
  ],
  { stdio: "inherit" }
);
if (status !== 0) process.exit(1);

const bytes = readFileSync(join(output, basename(path)));
const [addon] = readBinary(bytes);
const hosts = files.filter(({ path }) => /\.(so|dylib|dll)$/.test(path)).flatMap(({ bytes }) => readBinary(bytes));
const missing = checkExports(addon.imports, hosts);
console.log(
  `${path}: ${Math.ceil(bytes.length / 1000)} kB, ${missing.length === 0 ? `all ${addon.imports.filter(isHostSymbol).length} functions of llama.cpp and ggml are in ${build}` : missing.join("; ")}`
);
for (const problem of [...checkAddon(bytes, path, versionOf(root)), ...checkReach(bytes)])
  console.log(`not to be shipped: ${problem}`);
if (missing.length > 0) process.exit(1);
