// Builds the native addon. Downloads nothing: headers come out of node-llama-cpp's source bundle and node-api-headers, libraries
// out of node-llama-cpp's binary packages. `usage`, below, has the options.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { writeModuleDefinition } from "./binaries/module-definition.mjs";

const usage = `Usage: node scripts/build-native.mjs [--gpu auto|metal|cuda|vulkan|off] [--test] [--sanitize] [--debug] [--verbose] [--check]
  --gpu       auto: one addon for each backend that node-llama-cpp has libraries of here, since which of them
              works is known when it is loaded; a name: for that one alone
  --test      builds the native tests too, and runs them
  --sanitize  under AddressSanitizer and UBSan
  --debug     with assertions, not optimised
  --verbose   shows what the compiler says
  --check     builds nothing; fails where it could not be built, and says why
  --libraries FOLDER --output FOLDER --define NAME=VALUE…
              for another system: node-llama-cpp's libraries of it, for the backend that --gpu names, where the addon
              goes, and what CMake must know; tests are built, not run. scripts/cross-build.mjs has the values`;
/** What users write → the name in our files and CMake's. */
const backendNames = { metal: "metal", cuda: "cuda", vulkan: "vulkan", off: "cpu" };
const nodeLlamaCppVersion = "3.21.1";
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const buildFolder = join(root, "native", "build");

/** A failure that one line explains; everything else is a bug and keeps its stack. */
class BuildError extends Error {}

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
}

/** The folder of an installed package, found as Node finds it, whatever its exports allow. */
function findPackage(name, from) {
  const folders = createRequire(pathToFileURL(join(from, "package.json"))).resolve.paths(name) ?? [];
  return folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, "package.json")));
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

function findNodeLlamaCpp() {
  const folder = findPackage("node-llama-cpp", root);
  if (folder === undefined) throw new BuildError("node-llama-cpp is not installed. Run: npm ci");
  const { version } = readJson(join(folder, "package.json"));
  if (version !== nodeLlamaCppVersion) {
    throw new BuildError(
      `node-llama-cpp is ${version}, but the addon reaches into exactly ${nodeLlamaCppVersion}. Run: npm ci`
    );
  }
  return folder;
}

/** Backend name → folder with its shared libraries, for this platform. */
function findBackends(nodeLlamaCpp) {
  const platform = { linux: "linux", darwin: "mac", win32: "win" }[process.platform];
  const arch = process.arch === "arm" ? "armv7l" : process.arch;
  const packages = {
    cpu: [`${platform}-${arch}`],
    metal: [`${platform}-${arch}-metal`],
    vulkan: [`${platform}-${arch}-vulkan`],
    cuda: [`${platform}-${arch}-cuda`]
  };
  const found = new Map();
  for (const [backend, [name]] of Object.entries(packages)) {
    const folder = findPackage(`@node-llama-cpp/${name}`, nodeLlamaCpp);
    const libraries = folder && join(folder, "bins", name);
    if (libraries !== undefined && existsSync(libraries)) found.set(backend, libraries);
  }
  return found;
}

function chooseBackends(found, gpu) {
  if (gpu !== "auto" && !Object.hasOwn(backendNames, gpu)) {
    throw new BuildError(`--gpu ${gpu} is unknown; expected auto, ${Object.keys(backendNames).join(", ")}.`);
  }
  if (found.size === 0) {
    throw new BuildError(
      `node-llama-cpp has no binaries for ${process.platform}-${process.arch} here. Install without --omit=optional.`
    );
  }
  if (gpu === "auto") return found;
  const wanted = backendNames[gpu];
  if (!found.has(wanted)) {
    const there = Object.keys(backendNames).filter((name) => found.has(backendNames[name]));
    throw new BuildError(`--gpu ${gpu}: node-llama-cpp has no libraries for it here, but for ${there.join(", ")}.`);
  }
  return new Map([[wanted, found.get(wanted)]]);
}

function requireTools() {
  const install = {
    linux: { git: "apt install git", cmake: "apt install cmake", compiler: "apt install g++" },
    darwin: { git: "xcode-select --install", cmake: "brew install cmake", compiler: "xcode-select --install" },
    win32: { git: "winget install Git.Git", cmake: "winget install Kitware.CMake" }
  }[process.platform];
  const works = (command) => run(command, ["--version"]).status === 0;
  const missing = [];
  if (!works("git")) missing.push(`git (${install?.git ?? "see git-scm.com"})`);
  if (!works("cmake")) missing.push(`CMake (${install?.cmake ?? "see cmake.org"})`);
  // On Windows cmake-js looks for Visual Studio itself and says what is missing.
  if (process.platform !== "win32" && ![process.env.CXX, "c++", "g++", "clang++"].some((name) => name && works(name))) {
    missing.push(`a C++20 compiler (${install?.compiler ?? "install g++ or clang++"})`);
  }
  if (missing.length > 0)
    throw new BuildError(`Building the native addon needs ${missing.join(" and ")}, not found here.`);
}

/** What the addon includes of llama.cpp: its public headers, and the inside of a ggml backend. */
const headerPaths = ["include", "ggml/include", "ggml/src/ggml-backend-impl.h"];

/** llama.cpp's headers of exactly the version that node-llama-cpp is built from; unpacked once. */
function unpackHeaders(nodeLlamaCpp) {
  const { tag } = readJson(join(nodeLlamaCpp, "llama", "llama.cpp.info.json"));
  const headers = join(buildFolder, `llama.cpp-${tag}`);
  if (headerPaths.every((path) => existsSync(join(headers, path)))) return headers;

  const clone = join(buildFolder, "llama.cpp-clone");
  const partial = `${headers}-partial`;
  for (const folder of [clone, partial, headers]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(buildFolder, { recursive: true });
  // Inside a git hook these variables would point git at the wrong repository.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE)$/.test(name))
  );
  const bundle = join(nodeLlamaCpp, "llama", "gitRelease.bundle");
  const steps = [
    ["clone", "--quiet", "--no-checkout", bundle, clone],
    ["-C", clone, "checkout", "--quiet", "HEAD", "--", ...headerPaths]
  ];
  for (const step of steps) {
    const { status, stderr } = run("git", step, { env });
    if (status !== 0) throw new BuildError(`git could not unpack ${bundle}: ${stderr.trim().split("\n").at(-1)}`);
  }
  for (const path of headerPaths) cpSync(join(clone, path), join(partial, path), { recursive: true });
  renameSync(partial, headers);
  rmSync(clone, { recursive: true, force: true });
  return headers;
}

/** Windows links against import libraries, which node-llama-cpp does not ship: describe its DLLs for the linker. */
function describeLibraries(backend, libraries, workFolder) {
  const names = readdirSync(libraries).filter((file) => /^(llama|ggml|ggml-base)(\..*)?\.dll$/.test(file));
  if (names.length === 0) return libraries;
  const folder = join(workFolder, "definitions", backend);
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    writeModuleDefinition(join(libraries, name), join(folder, name.replace(/\.dll$/, ".def")));
  }
  return folder;
}

function cmakeJs(command, workFolder, config, extra, verbose) {
  const cli = join(findPackage("cmake-js", root), "bin", "cmake-js");
  const args = [cli, command, "-d", join(root, "native"), "-O", workFolder, "-B", config];
  const result = run(process.execPath, [...args, "-p", String(availableParallelism()), ...extra]);
  const output = result.stdout + result.stderr;
  writeFileSync(join(workFolder, `${command}.log`), output);
  if (verbose) console.error(output);
  if (result.status !== 0) {
    if (!verbose) console.error(output);
    throw new BuildError(`The native addon could not be built (cmake-js ${command}, output above).`);
  }
  return output;
}

/** All that can be wrong before the compiler runs. */
function prepare({ gpu, sanitize, libraries }) {
  const nodeLlamaCpp = findNodeLlamaCpp();
  const found = libraries === undefined ? findBackends(nodeLlamaCpp) : new Map([[backendNames[gpu], libraries]]);
  const backends = chooseBackends(found, sanitize ? "off" : gpu);
  requireTools();
  return { nodeLlamaCpp, backends };
}

function build(
  { nodeLlamaCpp, backends },
  { test, sanitize, debug, verbose, output: elsewhere = buildFolder, define }
) {
  const config = debug || sanitize ? "Debug" : "Release";
  const workFolder = join(elsewhere, sanitize ? "sanitize" : debug ? "debug" : "release");
  const output = sanitize || debug ? workFolder : elsewhere;
  mkdirSync(workFolder, { recursive: true });

  const variables = {
    MEDGEMMA_BACKENDS: [...backends.keys()].join(";"),
    MEDGEMMA_LLAMA_HEADERS: unpackHeaders(nodeLlamaCpp),
    MEDGEMMA_HOST_HEADERS: join(nodeLlamaCpp, "llama", "addon"),
    MEDGEMMA_VERSION: readJson(join(root, "package.json")).version,
    MEDGEMMA_OUTPUT: output,
    MEDGEMMA_TESTS: test ? "ON" : "OFF",
    MEDGEMMA_SANITIZE: sanitize ? "ON" : "OFF"
  };
  for (const [backend, libraries] of backends) {
    variables[`MEDGEMMA_LIBRARIES_${backend}`] = describeLibraries(backend, libraries, workFolder);
  }
  const defines = [
    ...Object.entries(variables).map(([name, value]) => `${name}=${value.replaceAll("\\", "/")}`),
    ...define
  ].map((text) => `--CD${text}`);

  // Configuring takes longer than building when nothing changed, so remember with what it was done.
  const stamp = join(workFolder, "configured.json");
  const wanted = JSON.stringify({ defines, config, node: process.version }, null, 2);
  if (!existsSync(join(workFolder, "CMakeCache.txt")) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    rmSync(join(workFolder, "CMakeCache.txt"), { force: true });
    cmakeJs("configure", workFolder, config, defines, verbose);
    writeFileSync(stamp, wanted);
  }
  cmakeJs("build", workFolder, config, [], verbose);
  for (const backend of backends.keys()) console.log(join(output, `medgemma-${backend}.node`));
  return output;
}

/** `libraries` is the working directory since Windows looks there for DLLs; elsewhere the program knows where they lie. */
function runTests(output, libraries) {
  const program = join(output, process.platform === "win32" ? "medgemma-tests.exe" : "medgemma-tests");
  const { status, signal } = spawnSync(
    program,
    [join(root, "test", "fixtures", "native"), join(root, "models", "demo")],
    { stdio: "inherit", cwd: libraries }
  );
  if (status !== 0) throw new BuildError(`The native tests failed (${signal ?? `exit code ${status}`}).`);
}

function readOptions() {
  const flag = { type: "boolean", default: false };
  const text = { type: "string" };
  const flags = { test: flag, sanitize: flag, debug: flag, verbose: flag, check: flag, help: flag };
  const elsewhere = { libraries: text, output: text, define: { ...text, multiple: true, default: [] } };
  const options = { gpu: { ...text, default: "auto" }, ...flags, ...elsewhere };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new BuildError(`${error.message.split("\n")[0].replace(/\.$/, "")}. --help lists the options.`);
  }
}

function main(options) {
  if (options.help) return console.log(usage);
  const prepared = prepare(options);
  if (options.check) return;
  const output = build(prepared, options);
  if (options.test && options.libraries === undefined) runTests(output, prepared.backends.values().next().value);
}

try {
  main(readOptions());
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
